//! An attack by somebody with an admin's account: doors that stay open when the first one is closed.

use super::{Cast, Say, Script, Way};
use crate::catalogue;
use crate::clock::{HOUR, MINUTE};
use crate::gid::ObjectKind;
use crate::names;
use crate::scene::{self, Resource, Who};

const NEW_ACCOUNTS: u64 = 300;
const PERSISTENT_CLIENT: &str = "python-requests/2.31.0";

impl Script<'_> {
    /// A stolen admin's account makes a service account, lets people in without SAML, adds a domain and an admin; then the
    /// service account goes on alone.
    pub(super) fn admin_persistence(&mut self) -> Cast {
        let admin = self.admin();
        let who = Who::Person(admin);
        let accomplice = self.member(|person| person.seat != admin.seat)?;
        let address = self.rented_abroad();
        let way = Way::Browser(address, self.strange_machine(&admin));
        self.sign_in(who, way, "ONE_TIME_KEY");
        self.wait(MINUTE, 8 * MINUTE);
        let account = self.new_account();
        let what = Resource {
            kind: ObjectKind::ServiceAccount,
            number: u64::from(account),
        };
        self.step(catalogue::SERVICE_ACCOUNT_CREATED, who, way)
            .about(what);
        self.wait(MINUTE, 10 * MINUTE);
        self.change(catalogue::SAML_CHANGED, who, way, "required", "optional");
        self.wait(MINUTE, 10 * MINUTE);
        let domain = self.dice.pick(&names::STRANGE_DOMAINS);
        self.step(catalogue::DOMAIN_ADDED, who, way)
            .saying(Say::New(domain));
        self.wait(2 * MINUTE, 15 * MINUTE);
        self.step(catalogue::LEVEL_CHANGED, who, way)
            .about(Resource::user(&accomplice))
            .saying(Say::Level("member", "super_admin"));
        self.wait(2 * MINUTE, 15 * MINUTE);
        if self.dice.per_mille(500) {
            self.change(catalogue::APPROVALS_CHANGED, who, way, "all_apps", "off");
            self.wait(2 * MINUTE, 15 * MINUTE);
        }
        self.wait(HOUR, 4 * HOUR);
        let who = Who::ServiceAccount(account);
        let way = Way::ServiceAccount(address, PERSISTENT_CLIENT);
        self.step(catalogue::MEMBERS_EXPORTED, who, way);
        self.wait(MINUTE, 5 * MINUTE);
        self.step(catalogue::WORKSPACE_EXPORTED, who, way);
        self.wait(MINUTE, 5 * MINUTE);
        let downloads = self.several(5..30);
        self.loot(who, way, downloads, 2);
        Some(())
    }

    /// A service account that nobody else has made.
    fn new_account(&mut self) -> u32 {
        let accounts = self.stage.organisation.service_accounts;
        let place = u32::try_from(self.dice.below(NEW_ACCOUNTS)).unwrap_or(0);
        accounts + scene::MADE_ACCOUNTS + place
    }
}
