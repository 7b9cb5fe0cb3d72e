// Precompiled for the test suites (see LatiumTargets.cmake). Nothing may rely on it for a declaration.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cmake/asio_pch.h"
