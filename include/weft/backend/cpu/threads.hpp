#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

#include "../../core/message.hpp"
#include "eigen.hpp"
// after it
#include <unsupported/Eigen/CXX11/ThreadPool>

namespace weft::cpu_backend {

/// How often this process has come from a fork since weft's first threads: those stay behind in the parent.
inline std::atomic<unsigned> forks{0};

/// A thread that waits until it is told what to do, or that there is nothing. (It and what follows are
/// templates so that they are compiled only where a program asks for threads.)
template <class Int>
class waiting_thread {
public:
    waiting_thread()
        : thread_([this] {
              told_.wait(false);
              if (work_) work_();
          }) {}
    ~waiting_thread() {
        if (!told_) tell({});
        thread_.join();
    }
    void tell(std::function<void()> work) {
        work_ = std::move(work);
        told_ = true;
        told_.notify_one();
    }

private:
    std::function<void()> work_;
    std::atomic<bool> told_{false};
    std::thread thread_;  // last: it reads the others
};

/// Gives Eigen's pool, which crashes where a thread does not start, threads that have.
template <class Int>
struct started_threads : Eigen::StlThreadEnvironment {
    using EnvThread = waiting_thread<Int>;
    std::vector<std::unique_ptr<EnvThread>>* threads;

    EnvThread* CreateThread(std::function<void()> work) const {
        EnvThread* const thread = threads->back().release();
        threads->pop_back();
        thread->tell(std::move(work));
        return thread;
    }
};

/// A fixed number of threads, the caller's among them. How the tasks fall to the threads is left to chance,
/// so a task must write what no other task of the same run touches, the same whoever runs it.
class thread_team {
public:
    /// The calling thread alone.
    thread_team() = default;
    /// A count below 2 means that everything runs in the calling thread. Error where the system has no more
    /// threads. A template so that Eigen's pool is compiled only where a program asks for threads.
    template <std::same_as<int> Int>
    explicit thread_team(Int count) : size_(count > 1 ? count : 1) {
        if (size_ < 2) return;
#if __has_include(<pthread.h>)
        static const int watched = pthread_atfork(nullptr, nullptr, [] { ++forks; });
        static_cast<void>(watched);
#endif
        forks_ = forks;
        auto threads = started(size_ - 1);
        pool_ = std::make_unique<Eigen::ThreadPoolTempl<started_threads<Int>>>(
            size_ - 1, started_threads<Int>{{}, &threads});
    }
    thread_team(const thread_team&) = delete;
    ~thread_team() {
        if (stayed_behind()) static_cast<void>(pool_.release());  // there is nobody to wait for
    }

    /// The threads that work in one run, the caller's included.
    int size() const { return size_; }

    /// Runs task(context, index) for each index in [0, tasks) and waits for all of them. Allocates nothing.
    /// Of a task that throws, the caller gets the exception; tasks that had not begun are left out. Several
    /// threads may run tasks on one team at a time; a run within a task is a plain loop, and so is every run
    /// in a process that was forked from the one whose threads these are.
    void run(int tasks, void (*task)(void* context, int index), void* context) const {
        if (pool_ == nullptr || tasks < 2 || stayed_behind() || pool_->CurrentThreadId() >= 0) {
            for (int index = 0; index < tasks; ++index) task(context, index);
            return;
        }
        shared_run run{task, context, tasks};
        const int helpers = tasks < size_ ? tasks - 1 : size_ - 1;
        run.helpers.store(helpers, std::memory_order_relaxed);
        // One pointer: std::function keeps it without the heap.
        for (int i = 0; i < helpers; ++i) pool_->Schedule([&run] { run.help(); });
        run.work();
        run.wait();
        if (run.failure != nullptr) std::rethrow_exception(run.failure);
    }

private:
    struct shared_run {
        void (*task)(void*, int);
        void* context;
        int tasks;
        std::atomic<int> next{0};
        std::atomic<int> helpers{0};
        std::atomic<bool> failed{false};
        std::exception_ptr failure{};  ///< of the first task that threw

        void work() {
#if WEFT_HAS_EXCEPTIONS
            try {
                run_tasks();
            } catch (...) {
                if (!failed.exchange(true)) failure = std::current_exception();
            }
#else
            run_tasks();
#endif
        }
        void run_tasks() {
            for (int index = next.fetch_add(1, std::memory_order_relaxed);
                 index < tasks && !failed.load(std::memory_order_relaxed);
                 index = next.fetch_add(1, std::memory_order_relaxed))
                task(context, index);
        }
        void help() {
            work();
            // The last thing a helper does: afterwards this object may be gone.
            helpers.fetch_sub(1, std::memory_order_release);
        }
        void wait() const {
            while (helpers.load(std::memory_order_acquire) != 0) std::this_thread::yield();
        }
    };

    template <std::same_as<int> Int>
    static std::vector<std::unique_ptr<waiting_thread<Int>>> started(Int count) {
        std::vector<std::unique_ptr<waiting_thread<Int>>> threads;
#if WEFT_HAS_EXCEPTIONS
        try {
            while (int(threads.size()) < count) threads.push_back(std::make_unique<waiting_thread<Int>>());
        } catch (const std::system_error& failure) {
            raise("cannot start the threads of the cpu policy",
                  "thread " + std::to_string(threads.size() + 2) + " of " + std::to_string(count + 1),
                  std::string(failure.what()) +
                      "; ask for fewer with threads<…>, or raise the limit (ulimit -u)");
        }
#else
        while (int(threads.size()) < count) threads.push_back(std::make_unique<waiting_thread<Int>>());
#endif
        return threads;
    }

    /// Is this a process that was forked from the one whose threads these are?
    bool stayed_behind() const { return pool_ != nullptr && forks_ != forks.load(std::memory_order_relaxed); }

    int size_ = 1;
    unsigned forks_ = 0;
    std::unique_ptr<Eigen::ThreadPoolInterface> pool_;
};

/// The `part`-th of `parts` nearly equal ranges of [0, total), cut at multiples of `grain`.
struct range {
    std::ptrdiff_t begin, end;
};
constexpr range share(std::ptrdiff_t total, std::ptrdiff_t grain, int part, int parts) {
    const std::ptrdiff_t grains = (total + grain - 1) / grain;
    const std::ptrdiff_t begin = grains * part / parts * grain, end = grains * (part + 1) / parts * grain;
    return {begin < total ? begin : total, end < total ? end : total};
}

/// What is done to results while they are in the cache: apply(context, first_row, rows), once for each row.
struct epilogue {
    void (*apply)(void* context, std::ptrdiff_t first_row, std::ptrdiff_t rows) = nullptr;
    void* context = nullptr;

    void operator()(std::ptrdiff_t first_row, std::ptrdiff_t rows) const {
        if (apply != nullptr && rows > 0) apply(context, first_row, rows);
    }
};

}  // namespace weft::cpu_backend
