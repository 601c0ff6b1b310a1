use std::sync::Arc;

use drishti_model::{AddressFacts, Device, EnrichedEvent};
use foldhash::HashMap;

use super::says_nothing_of_place;
use super::traits::{country_value, device_value, network_value};

/// So many addresses, and so many devices, are remembered with what they come to.
const KNOWN_MAX: usize = 20_000;

/// What the facts of an address come to as numbers, see [`super::Traits`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) country: Option<u64>,
    pub(crate) network: Option<u64>,
    /// Why the address says nothing about where somebody is, if so.
    pub(crate) hidden_place: Option<&'static str>,
}

/// What is known of the address and the device of an event, as numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FactValues {
    pub(crate) origin: Origin,
    pub(crate) device: Option<u64>,
}

/// What addresses and devices come to, found out once for each. It holds nothing that could not be found out again.
#[derive(Debug, Default)]
pub(crate) struct KnownFacts {
    origins: ByPlace<AddressFacts, Origin>,
    devices: ByPlace<Device, Option<u64>>,
}

/// Values by where what they were made of stands in memory, which is held there so that nothing else comes to stand there.
#[derive(Debug)]
struct ByPlace<T, V>(HashMap<usize, (Arc<T>, V)>);

impl<T, V> Default for ByPlace<T, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl Origin {
    fn of(facts: &AddressFacts) -> Self {
        Self {
            country: facts.country.as_deref().map(country_value),
            network: network_value(facts),
            hidden_place: says_nothing_of_place(facts),
        }
    }
}

impl FactValues {
    pub(crate) fn of(event: &EnrichedEvent) -> Self {
        KnownFacts::default().values(event)
    }
}

impl KnownFacts {
    pub(crate) fn values(&mut self, event: &EnrichedEvent) -> FactValues {
        let (address, device) = (event.address.as_ref(), event.device.as_ref());
        FactValues {
            origin: address
                .map(|facts| self.origins.value(facts, Origin::of))
                .unwrap_or_default(),
            device: device.and_then(|device| self.devices.value(device, device_value)),
        }
    }
}

impl<T, V: Copy> ByPlace<T, V> {
    fn value(&mut self, facts: &Arc<T>, make: impl FnOnce(&T) -> V) -> V {
        let place = Arc::as_ptr(facts).addr();
        if let Some((_, value)) = self.0.get(&place) {
            return *value;
        }
        if self.0.len() >= KNOWN_MAX {
            self.0.clear();
        }
        let value = make(facts);
        self.0.insert(place, (Arc::clone(facts), value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_never_that_of_another() {
        let mut known = KnownFacts::default();
        for number in 0..3 * u32::try_from(KNOWN_MAX).unwrap() {
            // Freed at once, so that the next would stand in its place if it were not held.
            let event = EnrichedEvent {
                address: Some(Arc::new(AddressFacts {
                    asn: Some(number),
                    ..AddressFacts::default()
                })),
                ..EnrichedEvent::default()
            };
            let values = known.values(&event);
            assert_eq!(values.origin.network, Some(number.into()));
            assert!(known.origins.0.len() <= KNOWN_MAX);
        }
    }
}
