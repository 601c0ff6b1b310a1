mod engine;
mod explain;
mod pack;
mod properties;
mod traffic;
