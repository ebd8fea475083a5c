#pragma once
// Parameters of the portfolio margin: public documentation of Derive, "PM2".

namespace parley::margin {

inline constexpr double kMaintenanceFactor = 0.8;
inline constexpr double kPegThreshold = 0.99;
inline constexpr double kPegFactor = 4.0;
inline constexpr double kConfidenceThreshold = 0.55;
inline constexpr double kPerpetualMaintenance = 0.03;
inline constexpr double kPerpetualInitial = 0.01;
inline constexpr double kShortOptionMaintenance = 0.003;
inline constexpr double kForwardShock = 0.045;
inline constexpr double kDaysAYear = 365.0;
inline constexpr double kVolatilityFloor = 0.40;

}  // namespace parley::margin
