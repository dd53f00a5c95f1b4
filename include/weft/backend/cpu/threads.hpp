#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <memory>
#include <thread>

#include "eigen.hpp"
// after it
#include <unsupported/Eigen/CXX11/ThreadPool>

namespace weft::cpu_backend {

/// A fixed number of threads, the caller's among them. How the tasks fall to the threads is left to chance,
/// so a task must write what no other task of the same run touches, the same whoever runs it.
class thread_team {
public:
    /// The calling thread alone.
    thread_team() = default;
    /// `threads` below 2 mean that everything runs in the calling thread. A template so that Eigen's pool is
    /// compiled only where a program asks for threads.
    template <std::same_as<int> Int>
    explicit thread_team(Int threads) : size_(threads > 1 ? threads : 1) {
        if (size_ > 1)
            pool_ = std::make_unique<Eigen::ThreadPoolTempl<Eigen::StlThreadEnvironment>>(size_ - 1);
    }

    /// The threads that work in one run, the caller's included.
    int size() const { return size_; }

    /// Runs task(context, index) for each index in [0, tasks) and waits for all of them. Allocates nothing.
    /// Tasks must not throw. Several threads may run tasks on one team at a time; a run within a task is a
    /// plain loop.
    void run(int tasks, void (*task)(void* context, int index), void* context) const {
        if (pool_ == nullptr || tasks < 2 || pool_->CurrentThreadId() >= 0) {
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
    }

private:
    struct shared_run {
        void (*task)(void*, int);
        void* context;
        int tasks;
        std::atomic<int> next{0};
        std::atomic<int> helpers{0};

        void work() {
            for (int index = next.fetch_add(1, std::memory_order_relaxed); index < tasks;
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

    int size_ = 1;
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
