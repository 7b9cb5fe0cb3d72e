// Precompiled for the test suites (see LatiumTargets.cmake). Nothing may rely on it for a declaration.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "asio_pch.h"
