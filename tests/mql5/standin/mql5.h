// MQL5's runtime, for an EA that a C++ compiler has built. Every header is about one noun; this one is all of them.
#pragma once

#include "inputs.h"
