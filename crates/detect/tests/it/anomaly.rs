mod apps;
mod engine;
mod explain;
mod failures;
mod habits;
mod pack;
mod properties;
mod traffic;
