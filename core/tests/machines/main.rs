//! The device's and the gateway's machine, driven through their public interface against a scripted
//! center: what they keep and send, in which order, and when.

mod asking;
mod carrier;
mod carrier_model;
mod challenged;
mod changes;
mod device;
mod duties;
mod duty_table;
mod gateway;
mod peers;
mod post;
mod registering;
mod scripted;
mod site;
mod site_duties;
mod table;
mod upkeep;
mod window;
