//! The whole program, as a user runs it, and the shape of the project.

mod architecture;
