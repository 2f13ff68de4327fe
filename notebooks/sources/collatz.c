/* Collatz: halve it if it is even, else triple it and add one. How long until 1? */
#include "classics.h"

static int length(long number) {
    int steps = 1;
    while (number != 1) {
        number = number % 2 ? 3 * number + 1 : number / 2;
        steps++;
    }
    return steps;
}

int collatz(int limit) {
    int best = 1, longest = 1;
    for (int start = 2; start < limit; start++) {
        int steps = length(start);
        if (steps > longest) {
            longest = steps;
            best = start;
        }
    }
    return best;
}
