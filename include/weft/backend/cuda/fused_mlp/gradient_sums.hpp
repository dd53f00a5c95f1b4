#pragma once

#include "../reductions/scratch_rows.hpp"
#include "layers.hpp"

namespace weft::cuda_backend {

/// A block's row of scratch: its sums of the gradients of all parameters, and of the loss. Here in the order
/// of the parameters.
template <class Layers>
struct parameter_row {
    /// Where the loss is, behind all else; and the numbers of a row.
    static constexpr int loss_at = Layers::parameters(), size = padded_to(loss_at + 1, 4);
    /// The parameter whose gradient is at a place; -1: none.
    WEFT_DEVICE static constexpr int parameter(int at, const parameter_places<Layers::depth>&) { return at; }
};

/// What takes the sums of the rows of all blocks.
template <class Row, class T, int Depth>
struct gradient_sums {
    T factor;  ///< of the loss
    T *gradients, *loss;
    parameter_places<Depth> places;

    WEFT_DEVICE bool wants(std::int64_t at) const {
        return at == Row::loss_at || (at < Row::loss_at && Row::parameter(int(at), places) >= 0);
    }
    WEFT_DEVICE void put(std::int64_t at, T sum) const {
        if (at == Row::loss_at)
            *loss = sum * factor;
        else
            gradients[Row::parameter(int(at), places)] = sum;
    }
};

template <class Row, class Device, class T, int Depth>
void sum_gradients(const Device& device, const T* scratch, int rows, const gradient_sums<Row, T, Depth>& to) {
    sum_rows<row_order::in_runs>(device, scratch, Row::size, rows, Row::loss_at + 1, to);
}

}  // namespace weft::cuda_backend
