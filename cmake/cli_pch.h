// Precompiled for the command line and programs like it (see LatiumTargets.cmake). Nothing may rely on it for a declaration.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cmake/asio_pch.h"
