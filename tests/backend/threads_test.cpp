// The threads of the cpu policy where things go wrong: a system without more threads, a fork, a task that
// throws.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>
#include <weft/weft.hpp>

#include "catch.hpp"

namespace {

/// How many more threads this program may start; below 0, any number.
std::atomic<int> threads_left{-1};

}  // namespace

/// Stands before the C library's.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*begin)(void*),
                              void* argument) noexcept {
    if (threads_left == 0) return EAGAIN;
    if (threads_left > 0) --threads_left;
    using function = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto system = reinterpret_cast<function>(dlsym(RTLD_NEXT, "pthread_create"));
    return system(thread, attributes, begin, argument);
}

namespace {

using weft::cpu_backend::thread_team;

/// Runs tasks that note that they ran; task `thrower` throws.
std::vector<int> marks(const thread_team& team, int thrower = -1) {
    struct {
        std::vector<int> ran;
        int thrower;
    } work{std::vector<int>(500), thrower};
    team.run(
        500,
        [](void* context, int index) {
            auto& w = *static_cast<decltype(work)*>(context);
            if (index == w.thrower) throw std::runtime_error("task " + std::to_string(index));
            w.ran[std::size_t(index)] = 1;
        },
        &work);
    return work.ran;
}
bool is_whole(const std::vector<int>& ran) { return std::accumulate(ran.begin(), ran.end(), 0) == 500; }

struct picky {
    template <class T>
    static constexpr T value(T x) {
        if (x > T(100)) throw std::range_error("too large for me");
        return x;
    }
    template <class T>
    static constexpr T slope(T) {
        return T(1);
    }
};

// clang-format off
constexpr auto net = weft::input<64> >> weft::activation<picky> >> weft::dense<3>;
constexpr auto tiny = weft::input<4> >> weft::dense<3>;
// clang-format on

}  // namespace

TEST_CASE("threads: where the system has no more, one error says so, and nothing is left behind") {
    for (int granted = 0; granted < 3; ++granted) {
        threads_left = granted;
        CHECK_THROWS_WITH(thread_team(4), contains("cannot start the threads of the cpu policy: thread " +
                                                   std::to_string(granted + 2) + " of 4: ") &&
                                              contains("ulimit -u"));
        using crowded = weft::cpu_policy<float, weft::threads<5>>;
        CHECK_THROWS_AS((weft::model<tiny, crowded>()), weft::error);
    }
    threads_left = -1;
    CHECK(is_whole(marks(thread_team(4))));
    weft::model<tiny, weft::cpu_policy<float, weft::threads<5>>> model;
    std::vector<float> outputs(3);
    CHECK_NOTHROW(model.predict(std::vector<float>(4), outputs));
}

TEST_CASE("threads: what a task throws reaches the caller") {
    const thread_team team(3);
    for (const int thrower : {0, 1, 250, 499}) {
        CHECK_THROWS_WITH(marks(team, thrower), "task " + std::to_string(thrower));
        CHECK(is_whole(marks(team)));
    }
    CHECK_THROWS_WITH(marks(thread_team(), 7), "task 7");
}

TEST_CASE("threads: so does what a user's activation throws, from a step and from a prediction") {
    weft::model<net, weft::cpu_policy<float, weft::threads<2>>> model{weft::seed{1},
                                                                      weft::batch_capacity{1024}};
    weft::trainer train{model, weft::mean_squared_error, weft::sgd{}, weft::batch_capacity{1024}};
    std::vector<float> inputs(1024 * 64, 0.5f), outputs(1024 * 3);
    for (const std::size_t at : {std::size_t(0), inputs.size() / 2, inputs.size() - 1}) {
        inputs[at] = 1000;
        CHECK_THROWS_WITH(model.predict(inputs, outputs), "too large for me");
        const std::vector<float> before(model.parameters().begin(), model.parameters().end());
        CHECK_THROWS_WITH(train.step(inputs, outputs), "too large for me");
        CHECK(before == std::vector<float>(model.parameters().begin(), model.parameters().end()));
        inputs[at] = 0.5f;
        CHECK_NOTHROW(model.predict(inputs, outputs));
        CHECK_NOTHROW(train.step(inputs, outputs));
    }
    CHECK(train.steps() == 3);
}

TEST_CASE("threads: a child after fork() works in its one thread") {
    auto team = std::make_unique<thread_team>(3);
    CHECK(is_whole(marks(*team)));
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(20);  // not for ever
        const bool good = is_whole(marks(*team)) && is_whole(marks(thread_team(2)));
        team.reset();
        _exit(good ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(is_whole(marks(*team)));
}
