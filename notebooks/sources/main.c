/* Uses every module once, and prints what it got. */
#include <stdio.h>

#include "classics.h"

int main(void) {
    int numbers[] = {31, 4, 15, 92, 65, 35, 89, 79}, weights[] = {12, 2, 1, 4, 1}, values[] = {4, 2, 1, 10, 2};
    printf("collatz   %d has the longest path below 10000\n", collatz(10000));
    printf("crc32     %08x\n", crc32("123456789"));
    printf("distance  %d from compiler to assembler\n", distance("compiler", "assembler"));
    printf("gcd       %d\n", gcd(1071, 462));
    printf("heap sort %s\n", heap_sort(numbers, 8) ? "in order" : "not in order");
    printf("knapsack  %d\n", knapsack(weights, values, 5, 15));
    printf("life      %d cells\n", life(100));
    printf("fibonacci %d\n", matrix_power(40));
    printf("primes    %d below 10000\n", primes(10000));
    printf("queens    %d ways\n", queens(8));
    printf("words     %d\n", words("one language is compiled into another"));
    return 0;
}
