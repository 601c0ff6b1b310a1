mod engine;
mod explain;
mod habits;
mod pack;
mod properties;
mod traffic;
