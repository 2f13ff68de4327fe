/* Heapsort (Williams 1964): a heap is a tree in an array, its largest number on top. */
#include "classics.h"

static void exchange(int *a, int *b) {
    int kept = *a;
    *a = *b;
    *b = kept;
}

static void sift(int *heap, int root, int count) {
    for (int child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && heap[child] < heap[child + 1])
            child++;
        if (heap[root] >= heap[child])
            return;
        exchange(&heap[root], &heap[child]);
    }
}

int heap_sort(int *numbers, int count) {
    for (int root = count / 2 - 1; root >= 0; root--)
        sift(numbers, root, count);
    for (int end = count - 1; end > 0; end--) {
        exchange(&numbers[0], &numbers[end]);
        sift(numbers, 0, end);
    }
    for (int i = 1; i < count; i++)
        if (numbers[i - 1] > numbers[i])
            return 0;
    return 1;
}
