@org.jspecify.annotations.NullMarked
package dev.carrel.worker;
