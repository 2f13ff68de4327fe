/* The knapsack: best[r] is the most that can be carried in a room of r. */
#include "classics.h"

#define LARGEST 255

int knapsack(const int *weights, const int *values, int count, int room) {
    int best[LARGEST + 1] = {0};
    if (room > LARGEST)
        return -1;
    for (int i = 0; i < count; i++)
        for (int r = room; r >= weights[i]; r--) {
            int with = best[r - weights[i]] + values[i];
            if (with > best[r])
                best[r] = with;
        }
    return best[room];
}
