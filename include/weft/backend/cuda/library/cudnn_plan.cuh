#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "cudnn_graph.cuh"

namespace weft::cuda_backend {

/// Which engines a plan may be made with.
struct cudnn_limits {
    bool tf32 = false;                                 ///< floats may be rounded to 10 bits of mantissa
    std::int64_t workspace = std::int64_t(256) << 20;  ///< bytes, at most
};

/// A convolution that cuDNN can run, and the bytes of workspace that it takes.
struct cudnn_plan {
    cudnn_descriptor descriptor;
    std::int64_t workspace;
};

/// Does an engine give the same bits in every run, and the precision that was asked for?
inline bool is_admitted(const cudnn_descriptor& engine, const convolution_problem& p,
                        const cudnn_limits& limits) {
    std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes{};
    const std::int64_t count = engine.get_all(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                              std::int64_t(notes.size()), notes.data());
    const bool full_floats = p.left == stored_as::f32 && !limits.tf32;
    return std::none_of(notes.begin(), notes.begin() + count, [&](cudnnBackendNumericalNote_t note) {
        switch (note) {
            case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
            case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
            case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:  // these lose several bits
            case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
                return true;
            case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
            case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
                return full_floats;
            default:
                return false;
        }
    });
}

/// The first admitted plan that cuDNN's heuristics name, if any. Nothing runs, so that it is the same in
/// every run of a program. A target has of_graph, of_heuristics and of_plan, which say where it shall run.
template <class Target>
std::optional<cudnn_plan> find_plan(const convolution_problem& p, const convolution_alignment& aligned,
                                    const Target& target, const cudnn_limits& limits) {
    const cudnn_graph graph(p, aligned, target);
    if (!graph.offered()) return {};
    for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
        cudnn_descriptor search(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, p);
        search.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.descriptor())
            .set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
        target.of_heuristics(search);
        if (!search.offered()) continue;
        const auto found = [&](std::int64_t room, void* to) {
            return search.get_all(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, room, to);
        };
        std::vector<cudnn_descriptor> configurations;
        std::vector<cudnnBackendDescriptor_t> handles;
        for (std::int64_t i = found(0, nullptr); i > 0; --i)
            handles.push_back(configurations.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, p).handle());
        const std::int64_t count = found(std::int64_t(handles.size()), handles.data());
        while (std::int64_t(configurations.size()) > count) configurations.pop_back();
        for (const cudnn_descriptor& each : configurations) {
            cudnn_descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR, p);
            cudnnBackendDescriptor_t to = engine.handle();
            each.get_all(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &to);
            if (!is_admitted(engine, p, limits)) continue;
            cudnn_descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, p);
            plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, each.handle());
            target.of_plan(plan);
            if (!plan.offered()) continue;
            std::int64_t bytes = 0;
            plan.get_all(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &bytes);
            if (bytes <= limits.workspace) return cudnn_plan{std::move(plan), bytes};
        }
    }
    return {};
}

}  // namespace weft::cuda_backend
