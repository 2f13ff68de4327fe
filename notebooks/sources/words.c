/* A word is what stands between blanks. */
#include <ctype.h>

#include "classics.h"

int words(const char *text) {
    int count = 0, inside = 0;
    for (; *text; text++) {
        int blank = isspace((unsigned char)*text);
        count += !blank && !inside;
        inside = !blank;
    }
    return count;
}
