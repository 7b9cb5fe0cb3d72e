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
find_package(mimalloc REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

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

# Precompiled headers: parsing them is most of the cost of most translation units. Not CMake's own kind: those have the checkout's
# path in their text, so that the compiler cache would know nothing of what another clone has compiled. Here all paths are
# relative, and ccache takes the header's text (`.sum`) for what it is.
file(RELATIVE_PATH latium_source "${PROJECT_BINARY_DIR}" "${PROJECT_SOURCE_DIR}")
string(TOUPPER "${CMAKE_BUILD_TYPE}" latium_config)
separate_arguments(latium_compile_flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${latium_config}}")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/pch")
foreach(header asio test cli)
  set(output "pch/${header}.pch")
  add_custom_command(OUTPUT "${PROJECT_BINARY_DIR}/${output}"
    COMMAND "${CMAKE_CXX_COMPILER}" ${latium_compile_flags} -std=c++23 -fPIC
      "$<TARGET_PROPERTY:latium_flags,INTERFACE_COMPILE_OPTIONS>"
      "-D$<JOIN:$<TARGET_PROPERTY:latium_flags,INTERFACE_COMPILE_DEFINITIONS>,;-D>"
      "$<$<STREQUAL:${header},test>:-DGTEST_HAS_PTHREAD=1>"
      "-I${latium_source}" -x c++-header -MD -MF "${output}.d" -MT "${output}" -o "${output}" "${latium_source}cmake/${header}_pch.h"
    COMMAND "${CMAKE_COMMAND}" -E copy "${latium_source}cmake/${header}_pch.h" "${output}.sum"
    DEPENDS "${PROJECT_SOURCE_DIR}/cmake/${header}_pch.h" DEPFILE "${PROJECT_BINARY_DIR}/${output}.d"
    WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" COMMENT "Precompiling ${header}_pch.h" VERBATIM COMMAND_EXPAND_LISTS)
  add_custom_target(latium_${header}_pch DEPENDS "${PROJECT_BINARY_DIR}/${output}")
endforeach()

# latium_precompiled(TARGET HEADER): TARGET's sources see cmake/HEADER_pch.h. HEADER is `asio`, `test` or `cli`.
function(latium_precompiled target header)
  add_dependencies(${target} latium_${header}_pch)
  # -fPIC in place of an executable's -fPIE: clang takes the header only where both were compiled with the same.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC -include-pch "${PROJECT_BINARY_DIR}/pch/${header}.pch")
endfunction()

# latium_joined(RESULT APART SOURCES...): the sources, eight to a file that includes them, which takes a third of the time to compile;
# those whose names are in APART as they are. Not CMake's own unity build: its files name the checkout's path, so that the compiler
# cache would know nothing of what another clone has compiled.
function(latium_joined result apart)
  set(files)
  set(includes "")
  set(count 0)
  foreach(source IN LISTS ARGN)
    file(RELATIVE_PATH from_root "${PROJECT_SOURCE_DIR}" "${source}")
    get_filename_component(name "${source}" NAME)
    if(name IN_LIST apart)
      list(APPEND files "${source}")
      continue()
    endif()
    math(EXPR number "${count} / 8")
    math(EXPR count "${count} + 1")
    set(file "${CMAKE_CURRENT_BINARY_DIR}/joined/${number}.cc")
    if(NOT file IN_LIST files)
      list(APPEND files "${file}")
      set(includes "")
    endif()
    string(APPEND includes "#include \"${from_root}\"\n")
    set(text_${number} "${includes}")
  endforeach()
  foreach(at RANGE ${number})
    file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/joined/${at}.cc" CONTENT "${text_${at}}" @ONLY)
  endforeach()
  set(${result} ${files} PARENT_SCOPE)
endfunction()

# latium_library(NAME [PRECOMPILED header] [APART sources...] [LINKS targets...] [PRIVATE targets...]): the static library of the
# folder that calls it, from its *.cc, joined unless LATIUM_UNITY is off; but for those named in APART, which have a name of their own
# file that another one has, too.
function(latium_library name)
  cmake_parse_arguments(arg "" "PRECOMPILED" "APART;LINKS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "_main\\.cc$")
  if(LATIUM_UNITY)
    latium_joined(sources "${arg_APART}" ${sources})
  endif()
  add_library(latium_${name} STATIC ${sources})
  add_library(latium::${name} ALIAS latium_${name})
  target_include_directories(latium_${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:include>")
  target_compile_features(latium_${name} PUBLIC cxx_std_23)
  target_link_libraries(latium_${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE} "$<BUILD_INTERFACE:latium_flags>")
  set_target_properties(latium_${name} PROPERTIES EXPORT_NAME ${name})
  if(arg_PRECOMPILED)
    latium_precompiled(latium_${name} ${arg_PRECOMPILED})
  endif()
  set_property(GLOBAL APPEND PROPERTY LATIUM_INSTALLED latium_${name})
endfunction()

# latium_program(NAME [PRECOMPILED header] SOURCES ... LINKS ...)
function(latium_program name)
  cmake_parse_arguments(arg "" "PRECOMPILED" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LINKS} latium_flags)
  # Programs bring their allocator, a library does not: sessions over three nodes take a fifth less processor time than with
  # glibc's (docs/performance.md). Sanitizers have one of their own.
  if(NOT LATIUM_SANITIZE)
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/program_allocator.cc")
    target_link_libraries(${name} PRIVATE -Wl,--push-state,--no-as-needed mimalloc -Wl,--pop-state)
  endif()
  if(arg_PRECOMPILED)
    latium_precompiled(${name} ${arg_PRECOMPILED})
  endif()
endfunction()
