// `clickhouse server --config-file=FILE` by libchdb: what stands for ClickHouse's own server in tests of machines. Like that one
// it tells systemd when it answers.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *LIBRARY = "/opt/libchdb.so";
static const unsigned short PORT = 8123;

static int answers(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int result = connect(fd, (struct sockaddr *)&address, sizeof address);
  close(fd);
  return result == 0;
}

static void *tell_systemd(void *nothing) {
  const char *path = getenv("NOTIFY_SOCKET");
  while (!answers())
    usleep(100000);
  if (path) {
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (address.sun_path[0] == '@')
      address.sun_path[0] = 0;
    sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address, length);
    close(fd);
  }
  return nothing;
}

int main(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "server") != 0 || strncmp(argv[2], "--config-file=", 14) != 0) {
    fprintf(stderr, "usage: clickhouse server --config-file=FILE\n");
    return 2;
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, tell_systemd, NULL) != 0)
    return 1;
  void *library = dlopen(LIBRARY, RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  int (*local)(int, char **) = (int (*)(int, char **))dlsym(library, "chdb_query_cmdline");
  char *arguments[] = {
      "clickhouse", argv[2], "--path=/var/lib/clickhouse/server/",
      "--query=SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size=1, "
      "function_sleep_max_microseconds_per_block=0, max_rows_to_read=0 FORMAT Null",
      NULL};
  return local(4, arguments);
}
