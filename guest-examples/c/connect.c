// A client in C: connects by opening a file in /net, sends what it is told to, and prints what comes back.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wait_for(int fd, short events) {
    struct pollfd one = {.fd = fd, .events = events};
    if (poll(&one, 1, 10000) != 1) exit(fprintf(stderr, "nothing was heard\n"));
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "connect ADDRESS TEXT\n"), 2;
    char path[128], answer[4096];
    snprintf(path, sizeof path, "/net/tcp/connect/%s", argv[1]);
    // With O_NONBLOCK it is still connecting when this returns; writable when that has ended.
    int server = open(path, O_RDWR | O_NONBLOCK);
    if (server < 0) return perror(path), 1;
    wait_for(server, POLLOUT);

    snprintf(path, sizeof path, "/net/fd/%d/error", server);
    ssize_t size = readlink(path, answer, sizeof answer - 1);
    if (size < 0) return perror(path), 1;
    answer[size] = 0;
    if ((errno = atoi(answer)) != 0) return perror(argv[1]), 1;

    size_t length = strlen(argv[2]);
    if (write(server, argv[2], length) != (ssize_t)length) return perror("write"), 1;
    for (size_t got = 0; got < length; got += size) {
        wait_for(server, POLLIN);
        if ((size = read(server, answer, sizeof answer)) <= 0) return perror("read"), 1;
        fwrite(answer, 1, size, stdout);
    }
    return 0;
}
