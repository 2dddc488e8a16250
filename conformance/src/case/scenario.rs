//! The acceptance scenarios: stories of a few customers, models and devices that cases play from
//! beginning to end.
//!
//! A case says in `scenario` which of them it plays. Here stands what each is about and whose part
//! in it the kit tests, so that a story that nobody plays any more is noticed, and so that a reader
//! finds its cases (`list --scenarios`).

use super::{Case, Catalogue, Role};

/// One story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// As cases name it.
    pub number: u8,
    /// What it is called.
    pub name: &'static str,
    /// Whose part in it is tested.
    pub roles: &'static [Role],
}

impl Scenario {
    /// All that have cases.
    pub const ALL: [Self; 9] = [
        Self::new(1, "Gateway", &[Role::Server, Role::Gateway]),
        Self::new(2, "Status", &[Role::Server, Role::Gateway]),
        Self::new(3, "Panels", &[Role::Server, Role::Device]),
        Self::new(4, "Validity", &[Role::Server]),
        Self::new(5, "Regular polling", &Role::ALL),
        Self::new(6, "Selection", &[Role::Server, Role::Provider]),
        Self::new(7, "Poll now", ON_THE_LAN),
        Self::new(8, "Links", ON_THE_LAN),
        Self::new(9, "One link", ON_THE_LAN),
    ];

    const fn new(number: u8, name: &'static str, roles: &'static [Role]) -> Self {
        Self {
            number,
            name,
            roles,
        }
    }

    /// The cases that play it for this role.
    pub fn cases(self, catalogue: &Catalogue, role: Role) -> impl Iterator<Item = &Case> {
        let plays = move |case: &&Case| case.scenario == Some(self.number);
        catalogue.of_role(role).filter(plays)
    }
}

/// Who has a part in what a person does on a LAN.
const ON_THE_LAN: &[Role] = &[Role::Server, Role::Device, Role::Gateway];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_played_for_each_role_that_has_a_part_in_it() {
        let catalogue = Catalogue::embedded().expect("the cases");
        for scenario in Scenario::ALL {
            for role in Role::ALL {
                let is_played = scenario.cases(&catalogue, role).next().is_some();
                let has_part = scenario.roles.contains(&role);
                assert_eq!(is_played, has_part, "{} {role}", scenario.name);
            }
        }
    }

    #[test]
    fn a_case_that_plays_a_scenario_says_which_in_its_title() {
        let catalogue = Catalogue::embedded().expect("the cases");
        for case in catalogue.iter() {
            let number = case.scenario.map(|number| format!("Scenario {number}: "));
            let says = case.title.starts_with("Scenario ");
            let right = number
                .as_ref()
                .map_or(!says, |it| case.title.starts_with(it));
            assert!(right, "{}: {:?}", case.id, case.title);
            let known = |it: u8| Scenario::ALL.iter().any(|scenario| scenario.number == it);
            assert!(case.scenario.is_none_or(known), "{}", case.id);
            assert_eq!(
                case.id.family() == "SCN",
                case.scenario.is_some(),
                "{}",
                case.id
            );
        }
    }
}
