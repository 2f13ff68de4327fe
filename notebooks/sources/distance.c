/* Edit distance (Levenshtein): the fewest letters to insert, delete or replace. One row of the table is enough. */
#include <string.h>

#include "classics.h"

#define LONGEST 63

static int least(int a, int b, int c) {
    int m = a < b ? a : b;
    return m < c ? m : c;
}

int distance(const char *from, const char *to) {
    int row[LONGEST + 1], columns = (int)strlen(to);
    if (columns > LONGEST)
        return -1;
    for (int j = 0; j <= columns; j++)
        row[j] = j;
    for (int i = 1; from[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= columns; j++) {
            int replaced = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[columns];
}
