use bitflags::bitflags;

bitflags! {
    /// What there is to learn of events. Times, active days, failures, what was raised, and
    /// what else happens seldom are always learned.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Lessons: u16 {
        /// From which countries a person comes.
        const COUNTRIES = 1;
        /// In which networks a person is.
        const NETWORKS = 1 << 1;
        /// On which devices a person is.
        const DEVICES = 1 << 2;
        /// What a person, or a service account, does.
        const EVENT_TYPES = 1 << 3;
        /// Where tokens are used.
        const TOKEN_NETWORKS = 1 << 4;
        /// At which hours of the week a person is active.
        const HOURS = 1 << 5;
        /// Where a person was last.
        const PLACES = 1 << 6;
        /// On which devices and in which networks a person is.
        const FAMILIAR = Self::NETWORKS.bits() | Self::DEVICES.bits();
        /// When a person was last on a device and in a network that were both new.
        const FRESH = 1 << 7 | Self::FAMILIAR.bits();
        /// How much of each action a person does, one by one and by hour and day, and people of the same role.
        const ACTIONS = 1 << 8;
        /// From which countries anybody comes.
        const COUNTRIES_OF_ALL = 1 << 9;
        /// In which networks anybody is, and who.
        const NETWORKS_OF_ALL = 1 << 10;
        /// Who was active from each address, and what failed there, of people who are known in the network or not.
        const ADDRESSES = 1 << 11 | Self::NETWORKS.bits();
        /// What OAuth apps do.
        const OAUTH_APPS = 1 << 12;
        /// What nothing is judged by: it only makes explanations richer.
        const WORDS = 1 << 13;
    }
}
