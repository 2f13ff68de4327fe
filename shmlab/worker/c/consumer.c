/* A consumer in C: joins a running lab with the strategy 'semaphores' and takes items out of it.

       cc -O2 -o consumer consumer.c -lrt -pthread
       ./consumer shmlab-0123456789abcdef [items a second] [how many]

   It is a guest: the lab's view shows it beside the lab's own workers. */
#include "shmlab.h"

static word newest[1024]; /* for each row: 1 + the largest number that came from its producer */

static int get(struct lab *lab, word *ticket, word *made, int *whole) {
    struct row *mine = lab->mine;
    if (acquire(lab, lab->full, tag_of(lab, "full"))) return 1; /* wait for an item */
    if (acquire(lab, lab->mutex, tag_of(lab, "mutex"))) {       /* critical section */
        if (!look(&lab->segment->control.frozen.value)) sem_post(lab->full);
        return 1; /* in a repair the owner counts anew: the token must not be given back */
    }
    put_word(&mine->holds, tag_of(lab, "mutex"));
    struct slot *slot = slot_at(lab, *lab->out);
    put_word(&mine->slot, *lab->out);
    put_word(&slot->state, DRAINING);
    *ticket = slot->ticket, *made = slot->time;
    put_word(&mine->hand, *ticket); /* before the slot is empty: the item is seen here or there */
    *whole = slot->checksum == item_checksum(*ticket, slot->payload, lab->segment->header.payload);
    put_word(&slot->state, EMPTY);
    put_word(lab->out, (*lab->out + 1) % lab->segment->header.capacity);
    put_word(&mine->holds, 0);
    sem_post(lab->mutex);
    sem_post(lab->empty); /* one more free slot */
    return 0;
}

/* The accounts: a receipt for the item, and this row's counters. */
static void record(struct lab *lab, word ticket, word made, int whole) {
    struct row *mine = lab->mine;
    struct header *header = &lab->segment->header;
    word from = (ticket >> 48) - 1, number = ticket & 0xFFFFFFFFFFFF;
    if (!whole || from >= header->rows) {
        put_word(&mine->corrupted, mine->corrupted + 1);
    } else {
        unsigned char *receipt = (unsigned char *)lab->segment + header->receipts_at + from * header->window + number % header->window;
        if (number < look(&lab->segment->rows[from].settled)) {
            put_word(&mine->late, mine->late + 1);
        } else {
            if (number + 1 < newest[from] && !*receipt) put_word(&mine->out_of_order, mine->out_of_order + 1);
            *receipt = 1;
        }
        put_word(&mine->received, mine->received + 1);
        if (number + 1 > newest[from]) newest[from] = number + 1;
        word units = (now() - made) >> 8, bucket = 0;
        if (units >= 4) {
            int bits = 64 - __builtin_clzll(units);
            bucket = 4 * (word)(bits - 3) + (units >> (bits - 3) & 3);
        }
        mine->latency[bucket > 127 ? 127 : bucket]++;
    }
    put_word(&mine->hand, 0);
    put_word(&mine->consumed, mine->consumed + 1);
}

int main(int count, char **words) {
    if (count < 2) shmlab_die("NAME [items a second] [how many]; `shmlab ls` lists the names", words[0]);
    double rate = count > 2 ? atof(words[2]) : 5;
    word most = count > 3 ? strtoull(words[3], NULL, 10) : UINT64_MAX;
    if (!(rate > 0 && rate <= 100000)) shmlab_die("items a second: more than 0, at most 100000", words[0]);
    struct lab lab = join_lab(words[1], CONSUMER);
    struct row *mine = lab.mine;
    memcpy(&mine->rate, &rate, sizeof rate);
    printf("joined as C%llu, pid %d\n", (unsigned long long)lab.index, getpid());
    fflush(stdout);
    word due = now();
    while (most && next_item(&lab, &due)) {
        word ticket, made;
        int whole;
        put_word(&mine->since, now());
        put_word(&mine->phase, WORKING);
        while (get(&lab, &ticket, &made, &whole)) { /* given up for a repair */
            if (!next_item(&lab, &due)) return leave_lab(&lab), 0;
            put_word(&mine->phase, WORKING);
        }
        record(&lab, ticket, made, whole);
        most--;
    }
    leave_lab(&lab);
    return 0;
}
