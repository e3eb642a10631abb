// An echo server in C: a listener is a file in /net, and poll(2) does the rest. Nothing but wasi-libc is needed.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 16 };

int main(int argc, char **argv) {
    char path[128], address[64] = "";
    snprintf(path, sizeof path, "/net/tcp/listen/%s", argc > 1 ? argv[1] : "127.0.0.1:0");
    int listener = open(path, O_RDWR | O_NONBLOCK);
    if (listener < 0) return perror(path), 1;

    // What a socket is called is what a link says.
    snprintf(path, sizeof path, "/net/fd/%d/local", listener);
    if (readlink(path, address, sizeof address - 1) < 0) return perror(path), 1;
    printf("listening on %s\n", address);
    fflush(stdout);

    struct pollfd fds[1 + CLIENTS] = {{.fd = listener, .events = POLLIN}};
    nfds_t count = 1;
    for (;;) {
        // The listener is left out while there is no room for a client.
        nfds_t first = count > CLIENTS;
        if (poll(fds + first, count - first, -1) < 0) return perror("poll"), 1;
        for (nfds_t i = count - 1; i > 0; i--) {
            if (!fds[i].revents) continue;
            char bytes[4096];
            ssize_t size = read(fds[i].fd, bytes, sizeof bytes);
            // A client's socket blocks: who doesn't read holds the others up. A server for many has a buffer for each.
            for (ssize_t at = 0, sent; size > 0 && at < size; at += sent)
                if ((sent = write(fds[i].fd, bytes + at, size - at)) < 0) size = -1;
            if (size > 0) continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
        }
        for (int client; !first && fds[0].revents && count <= CLIENTS; count++) {
            if ((client = accept(listener, NULL, NULL)) < 0) break;
            fds[count] = (struct pollfd){.fd = client, .events = POLLIN};
        }
    }
}
