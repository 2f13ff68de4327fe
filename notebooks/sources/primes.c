/* The sieve of Eratosthenes. */
#include <string.h>

#include "classics.h"

#define LARGEST 10000

int primes(int limit) {
    char crossed[LARGEST];
    int count = 0;
    if (limit > LARGEST)
        return -1;
    memset(crossed, 0, sizeof crossed);
    for (int number = 2; number < limit; number++) {
        if (crossed[number])
            continue;
        count++;
        for (int multiple = 2 * number; multiple < limit; multiple += number)
            crossed[multiple] = 1;
    }
    return count;
}
