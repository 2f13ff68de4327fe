/* Fibonacci number n is a corner of the n-th power of ((1 1) (1 0)). */
#include "classics.h"

typedef struct {
    int a, b, c, d;
} Matrix;

static Matrix product(Matrix x, Matrix y) {
    Matrix z = {x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d, x.c * y.a + x.d * y.c, x.c * y.b + x.d * y.d};
    return z;
}

int matrix_power(int n) {
    Matrix result = {1, 0, 0, 1}, square = {1, 1, 1, 0};
    for (; n; n /= 2) {
        if (n % 2)
            result = product(result, square);
        square = product(square, square);
    }
    return result.b;
}
