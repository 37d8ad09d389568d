@org.jspecify.annotations.NullMarked
package dev.carrel.preview;
