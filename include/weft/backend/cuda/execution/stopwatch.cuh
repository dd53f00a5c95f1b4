#pragma once

#include "stream.cuh"

namespace weft::cuda_backend {

/// The milliseconds that what `enqueue` launches takes on a device. Waits for it.
template <class Enqueue>
float time_of(const stream& device, const Enqueue& enqueue) {
    struct event {
        cudaEvent_t handle = nullptr;
        event() { check(cudaEventCreate(&handle), "cudaEventCreate"); }
        event(const event&) = delete;
        event& operator=(const event&) = delete;
        ~event() { static_cast<void>(cudaEventDestroy(handle)); }
    };
    constexpr int turns = 3;
    const event begin, end;
    check(cudaEventRecord(begin.handle, device.handle()), "cudaEventRecord");
    for (int i = 0; i < turns; ++i) enqueue();
    check(cudaEventRecord(end.handle, device.handle()), "cudaEventRecord");
    check(cudaEventSynchronize(end.handle), "cudaEventSynchronize");
    float all = 0;
    check(cudaEventElapsedTime(&all, begin.handle, end.handle), "cudaEventElapsedTime");
    return all / turns;
}

}  // namespace weft::cuda_backend
