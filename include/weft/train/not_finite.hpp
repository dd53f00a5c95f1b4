#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../graph/primitives.hpp"
#include "../graph/traversal.hpp"
#include "detail/batch.hpp"

namespace weft {

namespace detail {

/// Error that names the first of a model's tensors that is not finite, if there is one.
template <class Model>
void check_finite(const Model& model, const std::string& what, const std::string& where) {
    if constexpr (!Model::memory::on_host) {
        const auto copy = model.on_host();
        check_finite(copy, what, where);
    } else {
        for (const auto& tensor : model.state())
            if (!is_finite(tensor.data))
                raise(what, where,
                      "parameter '" + tensor.name +
                          "' is not finite after the update before; lower the learning rate");
    }
}

/// Finds where a loss or gradient that is not a number comes from: a parameter, an input, or the first
/// operation whose result is not finite although all it reads is.
template <class Trainer>
[[noreturn]] void raise_not_finite(Trainer& t, const std::string& which, std::size_t batch) {
    using scalar = typename Trainer::scalar;
    using compiled = typename Trainer::compiled;
    const std::string where = "step " + std::to_string(t.steps() + 1);
    const std::string what = "training stopped: " + which + " is not a finite number";
    t.restore_statistics();
    check_finite(std::as_const(t.model_), what, where);
    if constexpr (!Trainer::memory::on_host) t.fetch_resident(batch);
    const std::string samples = what + ": " + where + ": the batch";
    check_samples<scalar>(samples.c_str(), t.batch_inputs(batch), Trainer::model_type::input_size, "input");
    check_samples<scalar>(samples.c_str(), t.batch_targets(batch), t.target_size(), "target");
    for (int i = 0; i < compiled::graph.node_count; ++i) {
        t.workspace_.run_one(i, t.memory_, int(batch), t.draw_seed(), std::uint64_t(t.steps()));
        t.restore_statistics();  // which that may have moved once more
        const graph::node& n = compiled::graph.nodes[std::size_t(i)];
        const graph::value_list out = graph::writes(n);
        for (int k = 0; k < out.count; ++k) {
            const graph::value& v = compiled::graph.values[std::size_t(out.id[k])];
            std::vector<scalar> numbers(std::size_t(v.size) * (v.batched ? batch : 1));
            t.workspace_.read(out.id[k], t.memory_, numbers);
            if (!is_finite<scalar>(numbers))
                raise(
                    what, where,
                    std::string("the first operation with a result that is not finite is ") +
                        graph::name_of<typename compiled::own>(n.op) +
                        (n.layer > 0 ? " of layer " + std::to_string(n.layer) : std::string(" of the loss")));
        }
    }
    raise(what, where, "no single operation reproduces it");
}

}  // namespace detail
}  // namespace weft
