/* A cyclic redundancy check: divide the text, taken as one long number, and keep the remainder. */
#include "classics.h"

unsigned crc32(const char *text) {
    unsigned crc = 0xffffffffu;
    for (; *text; text++) {
        crc ^= (unsigned char)*text;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}
