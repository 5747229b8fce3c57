// MQL5's runtime for an EA compiled as C++. Each header covers one subject; this one includes all.
#pragma once

#include "inputs.h"
