@org.jspecify.annotations.NullMarked
package dev.carrel.openai;
