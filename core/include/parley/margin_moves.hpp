#pragma once

#include "parley/margin_lanes.hpp"

namespace parley::margin {

/// Takes out of the total the profits of an expiry as it was and puts in those as it is, in one pass: the same bits as
/// add_profits twice.
void move_profits(const Lanes& before, const ExpiryTerms& was, const Lanes& sum, const ExpiryTerms& is,
                  Total& total) noexcept;

}  // namespace parley::margin
