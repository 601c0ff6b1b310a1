//! The cities in which people live and to which they travel.

use crate::dice::Dice;

const EARTH_RADIUS_KILOMETRES: f64 = 6371.0;

/// A city. Time zones are fixed offsets: nobody changes to summer time.
#[derive(Debug)]
pub(crate) struct City {
    pub(crate) country: &'static str,
    pub(crate) region: &'static str,
    pub(crate) name: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) offset_minutes: i32,
    /// How many people live here, relative to the others. Nobody of the organisations is ever where it is 0.
    pub(crate) weight: u64,
}

const fn city(
    country: &'static str,
    region: &'static str,
    name: &'static str,
    latitude: f64,
    longitude: f64,
    offset_minutes: i32,
    weight: u64,
) -> City {
    City {
        country,
        region,
        name,
        latitude,
        longitude,
        offset_minutes,
        weight,
    }
}

pub(crate) const CITIES: [City; 46] = [
    city(
        "US",
        "California",
        "San Francisco",
        37.77,
        -122.42,
        -480,
        12,
    ),
    city("US", "New York", "New York", 40.71, -74.01, -300, 12),
    city("US", "Texas", "Austin", 30.27, -97.74, -360, 7),
    city("US", "Illinois", "Chicago", 41.88, -87.63, -360, 5),
    city("US", "Washington", "Seattle", 47.61, -122.33, -480, 5),
    city("US", "Colorado", "Denver", 39.74, -104.99, -420, 3),
    city("US", "Massachusetts", "Boston", 42.36, -71.06, -300, 3),
    city("US", "Georgia", "Atlanta", 33.75, -84.39, -300, 2),
    city("CA", "Ontario", "Toronto", 43.65, -79.38, -300, 4),
    city(
        "CA",
        "British Columbia",
        "Vancouver",
        49.28,
        -123.12,
        -480,
        2,
    ),
    city(
        "MX",
        "Ciudad de Mexico",
        "Mexico City",
        19.43,
        -99.13,
        -360,
        2,
    ),
    city("BR", "Sao Paulo", "Sao Paulo", -23.55, -46.63, -180, 3),
    city(
        "AR",
        "Buenos Aires",
        "Buenos Aires",
        -34.60,
        -58.38,
        -180,
        1,
    ),
    city("GB", "England", "London", 51.51, -0.13, 0, 8),
    city("GB", "England", "Manchester", 53.48, -2.24, 0, 2),
    city("IE", "Leinster", "Dublin", 53.35, -6.26, 0, 5),
    city("FR", "Ile-de-France", "Paris", 48.86, 2.35, 60, 4),
    city("DE", "Berlin", "Berlin", 52.52, 13.41, 60, 5),
    city("DE", "Bavaria", "Munich", 48.14, 11.58, 60, 3),
    city("NL", "North Holland", "Amsterdam", 52.37, 4.90, 60, 3),
    city("ES", "Madrid", "Madrid", 40.42, -3.70, 60, 2),
    city("PT", "Lisbon", "Lisbon", 38.72, -9.14, 0, 2),
    city("IT", "Lombardy", "Milan", 45.46, 9.19, 60, 1),
    city("CH", "Zurich", "Zurich", 47.38, 8.54, 60, 1),
    city("SE", "Stockholm", "Stockholm", 59.33, 18.07, 60, 2),
    city("PL", "Mazovia", "Warsaw", 52.23, 21.01, 60, 3),
    city("RO", "Bucharest", "Bucharest", 44.43, 26.10, 120, 1),
    city("UA", "Lviv", "Lviv", 49.84, 24.03, 120, 1),
    city("TR", "Istanbul", "Istanbul", 41.01, 28.98, 180, 1),
    city("IL", "Tel Aviv", "Tel Aviv", 32.09, 34.78, 120, 2),
    city("AE", "Dubai", "Dubai", 25.20, 55.27, 240, 1),
    city("IN", "Karnataka", "Bengaluru", 12.97, 77.59, 330, 5),
    city("IN", "Maharashtra", "Mumbai", 19.08, 72.88, 330, 2),
    city("SG", "Singapore", "Singapore", 1.35, 103.82, 480, 3),
    city(
        "VN",
        "Ho Chi Minh",
        "Ho Chi Minh City",
        10.82,
        106.63,
        420,
        1,
    ),
    city("PH", "Metro Manila", "Manila", 14.60, 120.98, 480, 2),
    city("JP", "Tokyo", "Tokyo", 35.68, 139.69, 540, 3),
    city("KR", "Seoul", "Seoul", 37.57, 126.98, 540, 1),
    city("AU", "New South Wales", "Sydney", -33.87, 151.21, 600, 3),
    city("NZ", "Auckland", "Auckland", -36.85, 174.76, 720, 1),
    city("MD", "Chisinau", "Chisinau", 47.01, 28.86, 120, 0),
    city("SC", "Mahe", "Victoria", -4.62, 55.45, 240, 0),
    city("PA", "Panama", "Panama City", 8.98, -79.52, -300, 0),
    city("KZ", "Almaty", "Almaty", 43.24, 76.95, 300, 0),
    city("PY", "Asuncion", "Asuncion", -25.26, -57.58, -240, 0),
    city("LA", "Vientiane", "Vientiane", 17.98, 102.63, 420, 0),
];

impl City {
    /// The place of a city in [`CITIES`], the larger the likelier.
    pub(crate) fn draw(dice: &mut Dice) -> usize {
        let total = CITIES.iter().map(|city| city.weight).sum();
        let mut throw = dice.below(total);
        for (index, city) in CITIES.iter().enumerate() {
            if throw < city.weight {
                return index;
            }
            throw -= city.weight;
        }
        0
    }

    /// As the crow flies.
    pub(crate) fn kilometres_to(&self, other: &Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let turn = (other.longitude - self.longitude).to_radians();
        let across = ((to - from) / 2.0).sin().powi(2);
        let along = from.cos() * to.cos() * (turn / 2.0).sin().powi(2);
        2.0 * EARTH_RADIUS_KILOMETRES * (across + along).sqrt().asin()
    }

    /// Sunday to Thursday is the working week here.
    pub(crate) fn works_on_sunday(&self) -> bool {
        self.country == "IL"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Key;

    #[test]
    fn distances_are_those_of_an_atlas() {
        // London to Sydney, and San Francisco to New York.
        for (from, to, kilometres) in [(13, 38, 17_000.0), (0, 1, 4_130.0)] {
            let far = CITIES[from].kilometres_to(&CITIES[to]);
            assert!((far - kilometres).abs() < 50.0, "{far}");
        }
    }

    #[test]
    fn nobody_lives_where_only_attackers_are() {
        let mut dice = Key::new(3).dice();
        let drawn = (0..20_000).map(|_| City::draw(&mut dice));
        assert_eq!(drawn.max(), Some(39));
    }
}
