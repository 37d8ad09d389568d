@org.jspecify.annotations.NullMarked
package dev.carrel.sandbox.oci;
