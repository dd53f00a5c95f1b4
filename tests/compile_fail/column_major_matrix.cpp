// title: A matrix whose rows are not next to each other in memory
// why: A sample's numbers lie one after the other, and Eigen's matrices are column-major unless they say otherwise.
// expect: a sample's numbers lie one after the other
// expect: transpose\(\)
#include <weft/weft.hpp>

constexpr auto net = weft::input<4> >> weft::dense<3>;

int main() {
    weft::model<net, weft::reference> model{weft::seed{1}};
#ifdef WEFT_OK
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> flowers(2, 4);
#else
    Eigen::MatrixXf flowers(2, 4);
#endif
    flowers.setZero();
    return model.predict(flowers).size() == 6 ? 0 : 1;
}
