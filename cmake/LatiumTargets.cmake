# Compiler settings, third-party packages, and the functions that make one target a folder.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(RocksDB REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(SQLite3 REQUIRED)

# The flags that every target of this project shares; never exported to those who link the library.
add_library(latium_flags INTERFACE)
target_compile_options(latium_flags INTERFACE -Wall -Wextra -Werror)
# Asio: only the API that 1.81 calls current, and no frame recycling under sanitizers (it hides use-after-free). These change
# the layout of Asio's classes, so every translation unit must agree on them.
target_compile_definitions(latium_flags INTERFACE BOOST_ASIO_NO_DEPRECATED)
if(LATIUM_SANITIZE)
  set(sanitize -fsanitize=${LATIUM_SANITIZE} -fno-omit-frame-pointer)
  if(LATIUM_SANITIZE MATCHES undefined)
    list(APPEND sanitize -fno-sanitize-recover=undefined)
  endif()
  target_compile_options(latium_flags INTERFACE ${sanitize})
  target_link_options(latium_flags INTERFACE ${sanitize})
  target_compile_definitions(latium_flags INTERFACE
    BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
endif()
if(LATIUM_BUILD_FUZZ)
  target_compile_options(latium_flags INTERFACE -fsanitize=fuzzer-no-link)
  # Without libFuzzer's main, the ordinary programs of this preset still need its runtime's symbols.
  target_link_options(latium_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(latium_flags INTERFACE -fuse-ld=lld)

# One precompiled header for all that includes Asio: it is the cost of most translation units.
function(latium_use_asio_pch target)
  if(TARGET latium_runtime AND NOT target STREQUAL latium_runtime)
    target_precompile_headers(${target} REUSE_FROM latium_runtime)
  else()
    target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/asio_pch.h")
  endif()
endfunction()

# latium_library(NAME [LINKS targets...] [PRIVATE targets...]): the static library of the folder that calls it, from its *.cc.
function(latium_library name)
  cmake_parse_arguments(arg "ASIO" "" "LINKS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "_main\\.cc$")
  add_library(latium_${name} STATIC ${sources})
  add_library(latium::${name} ALIAS latium_${name})
  target_include_directories(latium_${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:include>")
  target_compile_features(latium_${name} PUBLIC cxx_std_23)
  target_link_libraries(latium_${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE} "$<BUILD_INTERFACE:latium_flags>")
  set_target_properties(latium_${name} PROPERTIES EXPORT_NAME ${name})
  if(arg_ASIO)
    latium_use_asio_pch(latium_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY LATIUM_INSTALLED latium_${name})
endfunction()

# latium_program(NAME SOURCES ... LINKS ...)
function(latium_program name)
  cmake_parse_arguments(arg "ASIO" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LINKS} latium_flags)
  if(arg_ASIO)
    # The header was compiled for a library: clang takes it only where -fPIC stands in place of an executable's -fPIE.
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
    latium_use_asio_pch(${name})
  endif()
endfunction()
