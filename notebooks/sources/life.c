/* Conway's Game of Life on a ring of rows and columns: a glider stays a glider. */
#include <string.h>

#include "classics.h"

#define SIDE 16

static int neighbours(char world[SIDE][SIDE], int row, int column) {
    int count = 0;
    for (int dr = -1; dr <= 1; dr++)
        for (int dc = -1; dc <= 1; dc++)
            if (dr || dc)
                count += world[(row + dr + SIDE) % SIDE][(column + dc + SIDE) % SIDE];
    return count;
}

int life(int generations) {
    char world[SIDE][SIDE] = {{0}}, next[SIDE][SIDE];
    int alive = 0;
    world[0][1] = world[1][2] = world[2][0] = world[2][1] = world[2][2] = 1;
    while (generations-- > 0) {
        for (int row = 0; row < SIDE; row++)
            for (int column = 0; column < SIDE; column++) {
                int around = neighbours(world, row, column);
                next[row][column] = around == 3 || (around == 2 && world[row][column]);
            }
        memcpy(world, next, sizeof world);
    }
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++)
            alive += world[row][column];
    return alive;
}
