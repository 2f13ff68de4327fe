/* Euclid's algorithm, about 300 BC. */
#include "classics.h"

int gcd(int a, int b) {
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}
