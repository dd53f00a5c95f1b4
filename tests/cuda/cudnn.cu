// Convolutions as cuDNN takes them: its heuristics, asked for an H100 that need not be here, find a plan for
// each that weft would give it. Nothing runs. (Networks whose convolutions are cuDNN's are network.cu's.)
#include <cudnn.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "weft/backend/cuda/library/cudnn_plan.cuh"

#if CUDNN_VERSION >= 90800

using namespace weft;
using namespace weft::cuda_backend;

namespace {

// What cuDNN asks of a device.
constexpr char h100[] = R"({
    "deviceName": "NVIDIA H100 80GB HBM3", "cudaDeviceId": 0, "pciDeviceId": 0, "deviceVer": 900, "driverVer": 13000,
    "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
    "multiProcessorCount": 132, "smClockRateKHz": 1980000, "memClockRateKHz": 2619000, "l2CacheSize": 52428800,
    "totalGlobalMem": 85000000000, "warpSize": 32, "maxSharedMemoryPerBlock": 49152,
    "maxSharedMemoryPerBlockOptin": 232448, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536,
    "maxCtasPerSM": 32, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "isTccDriver": 0,
    "supportCoopLaunch": 1})";

class described_gpu {
public:
    explicit described_gpu(const char* properties) : device_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, nothing_) {
        device_.set_all(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                        std::int64_t(std::strlen(properties)), properties);
        known_ = device_.offered();
    }
    bool known() const { return known_; }
    void of_graph(cudnn_descriptor&) const {}
    void of_heuristics(cudnn_descriptor& d) const {
        d.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device_.handle());
    }
    void of_plan(cudnn_descriptor& d) const { d.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device_.handle()); }

private:
    convolution_problem nothing_;
    cudnn_descriptor device_;
    bool known_ = false;
};

int asked = 0, with_tensor_cores = 0, failures = 0;

/// Memory of which tensors begin at these addresses; nothing is read.
convolution_memory memory_at(std::uintptr_t address) {
    void* const at = reinterpret_cast<void*>(address);
    return {at, at, at, at, at};
}

void expect(bool good, const char* what, const convolution_problem& p) {
    failures += !good;
    if (!good) std::printf("FAILED  %s: %s\n", what, text_of(p).c_str());
}

/// Has the engine of a plan this note?
bool has_note(const cudnn_plan& plan, const convolution_problem& p, cudnnBackendNumericalNote_t note) {
    const cudnn_descriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, p),
        engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR, p);
    cudnnBackendDescriptor_t to = configuration.handle();
    plan.descriptor.get_all(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &to);
    to = engine.handle();
    configuration.get_all(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &to);
    std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes{};
    const auto count = engine.get_all(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                      std::int64_t(notes.size()), notes.data());
    return std::find(notes.begin(), notes.begin() + count, note) != notes.begin() + count;
}

/// There is a plan for tensors at an address, deterministic, and with tensor cores only where they may be.
void check_plan(const described_gpu& gpu, const convolution_problem& p, const char* with = "",
                std::uintptr_t address = 4096) {
    for (const bool tf32 : {false, true}) {
        ++asked;
        const auto plan =
            find_plan(p, convolution_alignment(memory_at(address)), gpu, cudnn_limits{.tf32 = tf32});
        expect(plan.has_value(), (std::string("no plan") + with).c_str(), p);
        if (!plan) continue;
        expect(!has_note(*plan, p, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC), "not the same bits in all runs",
               p);
        const bool on_tensor_cores = has_note(*plan, p, CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
        expect(p.left != stored_as::f32 || tf32 || !on_tensor_cores, "TF32, though not asked for", p);
        with_tensor_cores += on_tensor_cores;
    }
}

convolution_problem problem(gradient_of kind, stored_as type, std::int64_t batch, const conv2d_geometry& g) {
    convolution_problem p;
    p.kind = kind;
    p.left = p.right = p.out = type;
    p.batch = batch;
    p.g = g;
    return p;
}

/// All three convolutions, and what may follow the first.
void check_all(const described_gpu& gpu, stored_as type, std::int64_t batch, const conv2d_geometry& g) {
    const std::uintptr_t size = type == stored_as::f64 ? 8 : type == stored_as::f32 ? 4 : 2;
    for (const gradient_of op : {gradient_of::nothing, gradient_of::data, gradient_of::weights}) {
        check_plan(gpu, problem(op, type, batch, g));
        check_plan(gpu, problem(op, type, batch, g), " for numbers that lie anyhow", 4096 + size);
    }
    convolution_problem p = problem(gradient_of::nothing, type, batch, g);
    p.bias = type;
    check_plan(gpu, p, " with bias");
    p.relu = true;
    check_plan(gpu, p, " with bias and relu");
    p.residual = type;
    check_plan(gpu, p, " with bias, residual and relu");
    p.relu = false;
    check_plan(gpu, p, " with bias and residual");
}

}  // namespace

int main() {
    const described_gpu gpu(h100);
    if (!gpu.known()) {
        std::puts("SKIPPED: this cuDNN does not know the description of an H100");
        return 77;
    }
    const conv2d_geometry networks[] = {
        {64, 56, 56, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1},   {64, 56, 56, 128, 3, 3, 2, 2, 1, 1, 1, 1, 1},
        {64, 56, 56, 128, 1, 1, 2, 2, 0, 0, 1, 1, 1},  {3, 224, 224, 64, 7, 7, 2, 2, 3, 3, 1, 1, 1},
        {512, 7, 7, 512, 3, 3, 1, 1, 1, 1, 1, 1, 1},   {128, 28, 28, 128, 3, 3, 1, 1, 2, 2, 2, 2, 1},
        {128, 28, 28, 256, 3, 3, 1, 1, 1, 1, 1, 1, 4}, {16, 14, 14, 32, 5, 5, 1, 1, 0, 0, 1, 1, 1}};
    for (const conv2d_geometry& g : networks)
        for (const stored_as type : {stored_as::f32, stored_as::f64, stored_as::f16, stored_as::bf16})
            check_all(gpu, type, 32, g);
    std::printf("%d plans asked for, %d of them on tensor cores, %d failures; nothing has run\n", asked,
                with_tensor_cores, failures);
    return failures != 0;
}

#else
int main() {
    std::puts("SKIPPED: this cuDNN makes no plans for a GPU that is not here; 9.8 does");
    return 77;
}
#endif
