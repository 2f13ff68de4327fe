/* So many queens on a board of that size, none of which attacks another: row by row, back where it fails. */
#include "classics.h"

#define LARGEST 16

static int safe(const int *column, int row) {
    for (int r = 0; r < row; r++) {
        int apart = column[r] - column[row];
        if (apart == 0 || apart == row - r || apart == r - row)
            return 0;
    }
    return 1;
}

static int place(int *column, int row, int size) {
    int ways = 0;
    if (row == size)
        return 1;
    for (column[row] = 0; column[row] < size; column[row]++)
        if (safe(column, row))
            ways += place(column, row + 1, size);
    return ways;
}

int queens(int size) {
    int column[LARGEST];
    return size > LARGEST ? -1 : place(column, 0, size);
}
