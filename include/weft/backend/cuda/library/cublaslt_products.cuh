#pragma once

#include <memory>

#include "cublaslt.cuh"

namespace weft::cuda_backend {

/// A stream whose matrix products are cuBLASLt's.
class blaslt_stream : public stream {
public:
    static constexpr const char* library_name = "cuBLASLt";

    explicit blaslt_stream(blaslt_options options = {})
        : library_(std::make_unique<blaslt_handle>(options)) {}

    template <class Primitive, class Chain, class T>
    bool library_product(const graph::node& n, const arguments<T>& a, T* scratch) const {
        return library_products<blaslt_stream, blaslt_handle, Primitive, Chain, T>(*this, *library_, n, a,
                                                                                   scratch)
            .run();
    }

private:
    std::unique_ptr<blaslt_handle> library_;  ///< which makes plans where a product first runs
};

}  // namespace weft::cuda_backend
