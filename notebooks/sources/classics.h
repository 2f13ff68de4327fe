/* What the other files have to offer. Each file is one module: compiled by itself, joined by the linker. */
#ifndef CLASSICS_H
#define CLASSICS_H

int collatz(int limit);                                         /* the start below limit with the longest path */
unsigned crc32(const char *text);                               /* the checksum that zip files carry */
int distance(const char *from, const char *to);                 /* edits that turn one word into the other */
int gcd(int a, int b);                                          /* greatest common divisor */
int heap_sort(int *numbers, int count);                         /* sorts; returns 1 if all is in order then */
int knapsack(const int *weights, const int *values, int count, int room); /* the most that can be carried */
int life(int generations);                                      /* living cells of a glider after so many */
int matrix_power(int n);                                        /* Fibonacci number n, by powers of a matrix */
int primes(int limit);                                          /* how many primes are below limit */
int queens(int size);                                           /* ways to place so many queens on a board */
int words(const char *text);                                    /* how many words */

#endif
