/* A producer in C: joins a running lab with the strategy 'semaphores' and puts items into it.

       cc -O2 -o producer producer.c -lrt -pthread
       ./producer shmlab-0123456789abcdef [items a second] [how many]

   It is a guest: the lab's view shows it beside the lab's own workers. */
#include "shmlab.h"

static int put(struct lab *lab, word number) {
    struct row *mine = lab->mine;
    word size = lab->segment->header.payload;
    if (acquire(lab, lab->empty, tag_of(lab, "empty"))) return 1; /* wait for a free slot */
    if (acquire(lab, lab->mutex, tag_of(lab, "mutex"))) {         /* critical section */
        if (!look(&lab->segment->control.frozen.value)) sem_post(lab->empty);
        return 1; /* in a repair the owner counts anew: the token must not be given back */
    }
    put_word(&mine->holds, tag_of(lab, "mutex"));
    struct slot *slot = slot_at(lab, *lab->in);
    put_word(&mine->slot, *lab->in);
    put_word(&slot->state, FILLING);
    slot->ticket = (lab->index + 1) << 48 | number;
    slot->time = now();
    memset(slot->payload, (int)(number & 0xFF), size);
    slot->checksum = item_checksum(slot->ticket, slot->payload, size);
    slot->length = size;
    put_word(&slot->state, FULL);
    put_word(lab->in, (*lab->in + 1) % lab->segment->header.capacity);
    put_word(&mine->holds, 0);
    sem_post(lab->mutex);
    sem_post(lab->full); /* one more item */
    return 0;
}

/* Make room for receipts: close the books over the oldest quarter of the window. 1: given up, we are to park or leave. */
static int settle(struct lab *lab) {
    struct row *mine = lab->mine;
    struct header *header = &lab->segment->header;
    if (mine->produced - mine->settled < header->window) return 0;
    unsigned char *receipts = (unsigned char *)lab->segment + header->receipts_at + lab->index * header->window;
    unsigned char *oldest = receipts + mine->settled % header->window;
    for (word began = now(), i = 0; i < header->rows && now() - began < 1000000000;) { /* is one still in a hand? */
        word hand = look(&lab->segment->rows[i].hand), which = (hand & 0xFFFFFFFFFFFF) - mine->settled;
        if (hand >> 48 != lab->index + 1 || which >= header->window / 4) i++;
        else if (look(&lab->segment->control.frozen.value) || lab_is_over(lab)) return 1;
        else usleep(1000);
    }
    word delivered = 0;
    for (word i = 0; i < header->window / 4; i++) delivered += oldest[i];
    put_word(&mine->before, mine->delivered);
    put_word(&mine->closing, mine->settled + header->window / 4); /* from here on our books can be read, and repaired */
    put_word(&mine->delivered, mine->delivered + delivered);
    put_word(&mine->settled, mine->closing);
    memset(oldest, 0, header->window / 4);
    put_word(&mine->closing, 0);
    return 0;
}

int main(int count, char **words) {
    if (count < 2) shmlab_die("NAME [items a second] [how many]; `shmlab ls` lists the names", words[0]);
    double rate = count > 2 ? atof(words[2]) : 5;
    word most = count > 3 ? strtoull(words[3], NULL, 10) : UINT64_MAX;
    if (!(rate > 0 && rate <= 100000)) shmlab_die("items a second: more than 0, at most 100000", words[0]);
    struct lab lab = join_lab(words[1], PRODUCER);
    struct row *mine = lab.mine;
    memcpy(&mine->rate, &rate, sizeof rate);
    printf("joined as P%llu, pid %d\n", (unsigned long long)lab.index, getpid());
    fflush(stdout);
    word due = now();
    while (most && next_item(&lab, &due)) {
        put_word(&mine->since, now());
        put_word(&mine->phase, WORKING);
        while (settle(&lab) || put(&lab, mine->produced)) { /* given up for a repair */
            if (!next_item(&lab, &due)) return leave_lab(&lab), 0;
            put_word(&mine->phase, WORKING);
        }
        put_word(&mine->produced, mine->produced + 1);
        most--;
    }
    leave_lab(&lab);
    return 0;
}
