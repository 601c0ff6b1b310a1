//! Puts a scene into words: the JSON of an audit event, keys in Asana's order.

use crate::catalogue::Details;
use crate::clock::date_time;
use crate::dice::Dice;
use crate::gid::ObjectKind;
use crate::json::Object;
use crate::names;
use crate::organisation::{seat_and_generation, service_account_name, team_name};
use crate::person::{Person, Role};
use crate::scene::{Resource, Scene, Who};
use crate::script::Say;

/// Asana's form of a time: UTC, milliseconds, `Z`.
pub(crate) const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";

impl ObjectKind {
    fn slug(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::User | Self::ServiceAccount => "user",
            Self::Team => "team",
            Self::WorkspaceMembership => "workspace_membership",
            Self::TeamMembership => "team_membership",
            Self::UserTaskList => "user_task_list",
            Self::Project => "project",
            Self::Task => "task",
            Self::Story => "story",
            Self::Attachment => "attachment",
            Self::Portfolio => "portfolio",
            Self::Goal => "goal",
            Self::CustomField => "custom_field",
            Self::Message => "message",
            Self::StatusUpdate => "status_update",
            Self::TaskTemplate => "task_template",
            Self::ProjectTemplate => "project_template",
            Self::Search => "search",
            Self::Division => "division",
            Self::EmailDomain => "email_domain",
            Self::Announcement => "workspace_announcement",
            Self::Role => "role",
            Self::App => "app",
            Self::Other => "gizmo",
        }
    }
}

impl Scene<'_> {
    /// Appends the event as one JSON object.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let mut event = Object::open(bytes);
        event.plain("gid", self.gid);
        event.plain("created_at", Timestamp(self.at));
        event.plain("event_type", self.kind.event_type);
        event.plain("event_category", self.kind.category.slug());
        self.write_actor(event.object("actor"));
        self.write_resource(&self.resource, event.object("resource"));
        let mut dice = self.key.with(2).dice();
        self.write_details(&mut dice, event.object("details"));
        self.channel().write(event.object("context"));
        event.close();
    }

    fn write_actor(&self, mut actor: Object<'_>) {
        let organisation = &self.stage.organisation;
        actor.plain("actor_type", self.who.actor_type());
        if let Some(gid) = self.actor_gid() {
            actor.plain("gid", gid);
        }
        match &self.who {
            Who::Person(person) => {
                actor.text("name", &organisation.person_name(person));
                actor.plain("email", organisation.person_email(person));
            }
            Who::ServiceAccount(account) => {
                actor.text("name", &service_account_name(*account));
            }
            _ => {}
        }
        actor.close();
    }

    fn write_resource(&self, what: &Resource, mut resource: Object<'_>) {
        let organisation = &self.stage.organisation;
        let number = what.number;
        let mut dice = self.key.with(3).dice();
        resource.plain("resource_type", what.kind.slug());
        if what.kind == ObjectKind::Task && dice.per_mille(600) {
            let subtype = match dice.below(20) {
                0..3 => "milestone",
                3 => "approval",
                _ => "task",
            };
            resource.plain("resource_subtype", subtype);
        }
        resource.plain("gid", organisation.gid(what.kind, number));
        if let Some(leaver) = what.handed_over_by() {
            let (seat, generation) = seat_and_generation(leaver);
            let name = organisation.person_name(&organisation.person(seat, generation));
            resource.text("name", &format!("{name}'s previously assigned tasks"));
            return resource.close();
        }
        if self.kind.event_type.ends_with("permanently_deleted") {
            resource.bare("name", "null");
            return resource.close();
        }
        match what.kind {
            ObjectKind::User => {
                let (seat, generation) = seat_and_generation(number);
                let person = organisation.person(seat, generation);
                resource.text("name", &organisation.person_name(&person));
                resource.plain("email", organisation.person_email(&person));
            }
            ObjectKind::Story | ObjectKind::Search => {}
            _ => resource.text("name", &self.thing_name(what)),
        }
        resource.close();
    }

    fn thing_name(&self, what: &Resource) -> String {
        let organisation = &self.stage.organisation;
        let place = usize::try_from(what.number).unwrap_or(0);
        match what.kind {
            ObjectKind::Workspace => organisation.name.to_owned(),
            ObjectKind::EmailDomain => organisation.domain.to_owned(),
            ObjectKind::ServiceAccount => {
                service_account_name(u32::try_from(what.number).unwrap_or(0))
            }
            ObjectKind::Team => team_name(what.number),
            ObjectKind::Project | ObjectKind::Portfolio | ObjectKind::ProjectTemplate => {
                organisation.project_name(what.number)
            }
            ObjectKind::Attachment => organisation.file_name(what.number).to_owned(),
            ObjectKind::Division => names::DIVISIONS[place % names::DIVISIONS.len()].to_owned(),
            ObjectKind::App => names::APPS[place % names::APPS.len()].0.to_owned(),
            kind => organisation.task_name(kind, what.number),
        }
    }

    fn write_details(&self, dice: &mut Dice, mut details: Object<'_>) {
        let said = self.staged.as_ref().map(|(_, step)| step.say);
        if let Some(say) = said
            && self.write_staged(say, &mut details)
        {
            return details.close();
        }
        match self.kind.details {
            Details::Nothing => {}
            Details::Step(old, new) => {
                details.text("old_value", old);
                details.text("new_value", new);
            }
            Details::Change(values) => {
                let (old, new) = two_of(values, dice);
                details.text("old_value", old);
                details.text("new_value", new);
            }
            Details::New(values) => details.text("new_value", dice.pick(values)),
            Details::NullThen(values) => {
                details.bare("old_value", "null");
                details.text("new_value", dice.pick(values));
            }
            Details::Method | Details::Refusal => self.write_sign_in(dice, &mut details),
            Details::App => {
                let place = dice.below(names::APPS.len() as u64);
                let (name, url) = names::APPS[usize::try_from(place).unwrap_or(0)];
                self.write_app(name, place, url, &mut details);
            }
            Details::TokenName => details.text("app_name", dice.pick(&names::TOKEN_NAMES)),
            Details::Added => self.write_member("added_resource", dice, &mut details),
            Details::Removed => self.write_member("removed_resource", dice, &mut details),
            Details::AdminRole => {
                let (old, new) = two_of(&["member", "domain_admin", "super_admin"], dice);
                self.write_level(old, new, &mut details);
            }
            Details::Demotion => {
                let old = dice.pick(&["domain_admin", "super_admin"]);
                self.write_level(old, "member", &mut details);
            }
            Details::DivisionRole => {
                let division = dice.below(names::DIVISIONS.len() as u64);
                self.write_group(ObjectKind::Division, division, &mut details);
                let (old, new) = two_of(&["member", "division_admin"], dice);
                details.plain("old_value", old);
                details.plain("new_value", new);
            }
            Details::Domain => details.text("new_value", dice.pick(&names::GUEST_DOMAINS)),
            Details::Range => {
                details.plain(
                    "old_value",
                    format_args!("44.{}.64.0/24", dice.below(8) + 200),
                );
                details.plain(
                    "new_value",
                    format_args!("44.{}.64.0/22", dice.below(8) + 200),
                );
            }
            Details::Anything => write_anything(dice, &mut details),
        }
        details.close();
    }

    /// Writes what a script says; answers whether it says anything.
    fn write_staged(&self, say: Say, details: &mut Object<'_>) -> bool {
        match say {
            Say::Usual => return false,
            Say::Change(old, new) => {
                details.text("old_value", old);
                details.text("new_value", new);
            }
            Say::New(new) => details.text("new_value", new),
            Say::SignIn(method, blocked) => {
                details.bare("method", format_args!("[\"{method}\"]"));
                if let Some(reason) = blocked {
                    details.text("blocked_reason", reason);
                }
            }
            Say::Level(old, new) => self.write_level(old, new, details),
            Say::App(name, number, url) => self.write_app(name, number, url, details),
            Say::Member(person) => self.write_person("added_resource", &person, details),
        }
        true
    }

    fn write_level(&self, old: &str, new: &str, details: &mut Object<'_>) {
        self.write_group(ObjectKind::Workspace, 0, details);
        details.plain("old_value", old);
        details.plain("new_value", new);
    }

    fn write_app(&self, name: &str, number: u64, url: &str, details: &mut Object<'_>) {
        details.plain("app_type", "oauth");
        let gid = self.stage.organisation.gid(ObjectKind::App, number);
        details.plain("app_gid", gid);
        details.text("app_name", name);
        details.text("app_url", url);
    }

    /// Members come through the company's identity provider, guests with a password or a link.
    fn write_sign_in(&self, dice: &mut Dice, details: &mut Object<'_>) {
        let guest = matches!(&self.who, Who::Person(person) if person.role == Role::Guest);
        let method = match dice.below(100) {
            0..80 if !guest => "SAML",
            80..90 if !guest => "GOOGLE",
            0..70 => "PASSWORD",
            _ => "ONE_TIME_KEY",
        };
        details.bare("method", format_args!("[\"{method}\"]"));
        if self.kind.details == Details::Refusal && dice.per_mille(700) {
            details.text("blocked_reason", dice.pick(&names::BLOCKED_REASONS));
        }
        if method == "SAML" && dice.per_mille(100) {
            details.text("saml_response", "<samlp:Response Version=\"2.0\"/>");
        } else if dice.per_mille(300) {
            details.bare("saml_response", "null");
        }
    }

    fn write_member(&self, key: &str, dice: &mut Dice, details: &mut Object<'_>) {
        let person = match self.passing {
            Some(person) => person,
            None => self.stage.colleague(self.at, dice),
        };
        self.write_person(key, &person, details);
    }

    fn write_person(&self, key: &str, person: &Person, details: &mut Object<'_>) {
        let organisation = &self.stage.organisation;
        let mut member = details.object(key);
        member.plain("resource_type", "user");
        let gid = organisation.user_gid(person.seat, person.generation);
        member.plain("gid", gid);
        member.text("name", &organisation.person_name(person));
        member.plain("email", organisation.person_email(person));
        member.close();
    }

    fn write_group(&self, kind: ObjectKind, number: u64, details: &mut Object<'_>) {
        let what = Resource { kind, number };
        let mut group = details.object("group");
        group.plain("gid", self.stage.organisation.gid(kind, number));
        group.text("name", &self.thing_name(&what));
        group.plain("resource_type", kind.slug());
        group.close();
    }
}

/// What no source names may look like anything.
fn write_anything(dice: &mut Dice, details: &mut Object<'_>) {
    details.bare("amount", dice.below(1000));
    details.bare("ratio", format_args!("0.{}", 1 + dice.below(98)));
    details.bare("enabled", dice.per_mille(500));
    details.bare("steps", format_args!("[1,{},null]", dice.below(9)));
    details.object("nested").close();
}

fn two_of(values: &'static [&'static str], dice: &mut Dice) -> (&'static str, &'static str) {
    let old = dice.index(values.len());
    let step = 1 + dice.index(values.len().saturating_sub(1));
    (values[old], values[(old + step) % values.len()])
}

/// A moment in [`TIME_FORMAT`].
pub(crate) struct Timestamp(pub(crate) u64);

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        date_time(self.0).format(TIME_FORMAT).fmt(formatter)
    }
}
