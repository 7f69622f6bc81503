// The kernels of one instruction set. Included once by each instruction set's file, inside its target region and an
// anonymous namespace, after `struct Isa`: the algorithms are here, the file defines vectors and tile sizes.

#include "elementary.inl"
#include "activation.inl"
#include "rules.inl"
#include "tile.inl"
#include "dense.inl"
#include "sparse.inl"
#include "narrow.inl"
#include "loss.inl"
#include "dropout.inl"
#include "apply.inl"
#include "lists.inl"
#include "peak.inl"
#include "warp.inl"

static const Kernels table = {Isa::NAME,      &lists,        Isa::NV * Isa::L, Isa::GROUP, forward_dense, forward_sparse,
                              update_dense,   update_sparse, backward,      narrow_forward, narrow_update,
                              bias_update,    softmax,       squared_error, binary_loss, dropout, undrop, mix,
                              square_sum,     apply,         average,       limit_columns, gemm,
                              fma_chains,     warp_image};
