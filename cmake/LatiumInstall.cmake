# What `cmake --install` puts where: the libraries that latium_library made, the public headers, the programs, and the package
# that find_package(latium) reads. The rules hold too when another project adds this one as a subdirectory.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(LATIUM_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/latium")

# latium::latium, the one target that users link, is an interface over the folders' libraries.
get_property(latium_exported GLOBAL PROPERTY LATIUM_INSTALLED)
set(latium_programs)
if(TARGET latium)
  list(APPEND latium_exported latium)
endif()
foreach(program latiumd latium_command)
  if(TARGET ${program})
    list(APPEND latium_programs ${program})
  endif()
endforeach()
list(REMOVE_DUPLICATES latium_exported)

install(TARGETS ${latium_exported} EXPORT latium ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT latium NAMESPACE latium:: FILE LatiumTargets.cmake DESTINATION "${LATIUM_PACKAGE_DIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/latium" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
if(latium_programs)
  install(TARGETS ${latium_programs} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/LatiumConfig.cmake.in" "${PROJECT_BINARY_DIR}/latiumConfig.cmake"
  INSTALL_DESTINATION "${LATIUM_PACKAGE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/latiumConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/latiumConfig.cmake" "${PROJECT_BINARY_DIR}/latiumConfigVersion.cmake"
  DESTINATION "${LATIUM_PACKAGE_DIR}")
