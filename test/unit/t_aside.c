/* t_aside.c -- work in a thread of its own: taken back, or let go and freed by itself. */
#include "unit.h"

#include "aside.h"
#include "loaded.h"

#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* Work that ends when it is told to. */
struct job {
	sem_t go, freed;
	int runs;
	bool signals_blocked;
};

static bool stays;

bool
lr_loaded_stay(void)
{
	return stays;
}

static void
run(void *arg)
{
	struct job *job = arg;
	sigset_t blocked;
	job->signals_blocked = pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 &&
			       sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP);
	while (sem_wait(&job->go) != 0)
		;
	job->runs++;
}

static void
leave(void *arg)
{
	sem_post(&((struct job *)arg)->freed);
}

static void
make(struct job *job)
{
	*job = (struct job){.runs = 0};
	sem_init(&job->go, 0, 0);
	sem_init(&job->freed, 0, 0);
}

static struct lr_aside *
start(struct job *job, int fd)
{
	const struct lr_work work = {run, leave, job};
	struct lr_aside *aside;
	make(job);
	assert_int_equal(lr_aside_start(&work, fd, &aside, NULL), LR_OK);
	return aside;
}

static bool
readable(int fd, int patience_ms)
{
	struct pollfd at = {.fd = fd, .events = POLLIN};
	return poll(&at, 1, patience_ms) > 0;
}

static void
taken_back(void **state)
{
	(void)state;
	struct job job;
	int fd = eventfd(0, EFD_NONBLOCK);
	struct lr_aside *aside = start(&job, fd);
	assert_false(lr_aside_wait(aside, 0));
	assert_false(lr_aside_wait(aside, 20));
	assert_false(readable(fd, 0));
	sem_post(&job.go);
	assert_true(readable(fd, 10000));
	assert_true(lr_aside_wait(aside, 10000));
	assert_true(lr_aside_wait(aside, 0));
	lr_aside_end(aside);
	assert_int_equal(job.runs, 1);
	assert_true(job.signals_blocked);
	assert_int_not_equal(sem_trywait(&job.freed), 0);
	close(fd);
}

static void
let_go(void **state)
{
	(void)state;
	struct job job;
	int fd = eventfd(0, EFD_NONBLOCK);
	stays = true;
	struct lr_aside *aside = start(&job, fd);
	lr_aside_abandon(aside);
	sem_post(&job.go);
	assert_int_equal(sem_wait(&job.freed), 0);
	assert_int_equal(job.runs, 1);
	assert_false(readable(fd, 0)); /* which may be another's by now */
	close(fd);
}

/* Where it ended before, or where its code would not stay, it is freed by who lets it go. */
static void
let_go_after_the_end(void **state)
{
	(void)state;
	struct job job;
	int fd = eventfd(0, EFD_NONBLOCK);
	stays = true;
	struct lr_aside *aside = start(&job, fd);
	sem_post(&job.go);
	assert_true(lr_aside_wait(aside, 10000));
	lr_aside_abandon(aside);
	assert_int_equal(sem_trywait(&job.freed), 0);
	stays = false;
	aside = start(&job, fd);
	sem_post(&job.go);
	lr_aside_abandon(aside);
	assert_int_equal(sem_trywait(&job.freed), 0);
	assert_int_equal(job.runs, 1);
	close(fd);
}

#ifdef __SANITIZE_ADDRESS__ /* which needs address space itself */
#define NO_THREAD
#else
#define NO_THREAD TEST(no_thread), /* first: glibc keeps the stacks of threads that ended */

/* The process may not grow: said, and nothing has happened. */
static void
no_thread(void **state)
{
	(void)state;
	struct job job;
	const struct lr_work work = {run, leave, &job};
	struct lr_aside *aside = NULL;
	struct lr_error err;
	struct rlimit before, limit;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	limit = (struct rlimit){1 << 20, before.rlim_max};
	make(&job);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	enum lr_code code = lr_aside_start(&work, -1, &aside, &err);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(code, LR_ENOMEM);
	assert_string_equal(
	    err.text, "cannot start a thread: out of memory, less than 160 MiB are left");
	assert_null(aside);
	assert_int_not_equal(sem_trywait(&job.freed), 0);
}

#endif

UNIT_TESTS(NULL, NULL, NO_THREAD TEST(taken_back), TEST(let_go), TEST(let_go_after_the_end))
