/// Programs that go by the same name, and how they name themselves.
pub(super) struct Family {
    /// As shown.
    pub(super) name: &'static str,
    pub(super) class: Class,
    /// Of products, in lower case.
    pub(super) names: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A web browser, or a web view inside an app.
    Browser,
    /// An app with a person in front of it.
    App,
    /// A library, tool or service.
    Program,
    /// A crawler, a monitor, a browser without a screen.
    Robot,
    /// What apps are made of: it names the app only if nothing else does.
    Carrier,
    /// Named itself and is in no table.
    Unknown,
}

const fn robot(name: &'static str, names: &'static [&'static str]) -> Family {
    Family {
        name,
        class: Class::Robot,
        names,
    }
}

const fn app(name: &'static str, names: &'static [&'static str]) -> Family {
    Family {
        name,
        class: Class::App,
        names,
    }
}

const fn program(name: &'static str, names: &'static [&'static str]) -> Family {
    Family {
        name,
        class: Class::Program,
        names,
    }
}

const fn browser(name: &'static str, names: &'static [&'static str]) -> Family {
    Family {
        name,
        class: Class::Browser,
        names,
    }
}

const fn carrier(name: &'static str, names: &'static [&'static str]) -> Family {
    Family {
        name,
        class: Class::Carrier,
        names,
    }
}

/// Parts of every browser's agent that name nobody.
pub(super) const STRUCTURE: [&str; 12] = [
    "mozilla",
    "applewebkit",
    "gecko",
    "khtml",
    "like",
    "version",
    "mobile",
    "safari",
    "darwin",
    "dalvik",
    "u2f",
    "presto",
];

/// Of several that fit, the first one is meant: a robot calls itself a browser, an app names its engine, and every browser names
/// those that it wants to be taken for.
pub(super) const FAMILIES: &[Family] = &[
    robot("Headless Chrome", &["headlesschrome", "headlesschromium"]),
    robot("PhantomJS", &["phantomjs"]),
    robot("Puppeteer", &["puppeteer"]),
    robot("Playwright", &["playwright"]),
    robot("Selenium", &["selenium", "webdriver"]),
    robot(
        "Facebook preview",
        &["facebookexternalhit", "facebookcatalog"],
    ),
    robot("WhatsApp preview", &["whatsapp"]),
    robot("Skype preview", &["skypeuripreview"]),
    robot(
        "Google preview",
        &["google-read-aloud", "googleother", "feedfetcher-google"],
    ),
    robot("BingPreview", &["bingpreview"]),
    robot("Slurp", &["slurp"]),
    robot("Datadog Synthetics", &["datadogsynthetics"]),
    robot(
        "Pingdom",
        &["pingdom.com_bot_version_1.4", "pingdompagespeed"],
    ),
    robot("ChatGPT", &["chatgpt-user"]),
    robot("Claude", &["claude-user", "claudebot", "anthropic-ai"]),
    robot("Nmap", &["nmap"]),
    robot("sqlmap", &["sqlmap"]),
    robot("Nuclei", &["nuclei"]),
    robot("zgrab", &["zgrab"]),
    // Asana's own.
    app(
        "Asana desktop",
        &["asanadesktopofficial", "asanadesktop", "asana-desktop"],
    ),
    app(
        "Asana mobile",
        &[
            "asanaandroidapp",
            "asana",
            "com.asana.asana",
            "com.asana.app",
        ],
    ),
    program(
        "Asana SDK",
        &[
            "swagger-codegen",
            "openapi-generator",
            "node-asana",
            "ruby-asana",
            "python-asana",
            "asana-php",
            "java-asana",
        ],
    ),
    program("Asana MCP", &["asana-mcp", "mcp-remote"]),
    // Where Asana is shown inside something else.
    app(
        "Microsoft Teams",
        &[
            "teams",
            "teamsmobile-ios",
            "teamsmobile-android",
            "teamsmobile",
        ],
    ),
    app(
        "Microsoft Outlook",
        &[
            "outlook",
            "outlook-ios",
            "outlook-android",
            "microsoft.office.outlook",
        ],
    ),
    app(
        "Microsoft Office",
        &[
            "office",
            "microsoftoffice",
            "excel",
            "word",
            "powerpoint",
            "msoffice",
        ],
    ),
    app("Slack", &["slack_ssb", "slack", "com.tinyspeck.chatlyio"]),
    app("Zoom", &["zoom", "zoomwebkit", "us.zoom.xos"]),
    app("Google app", &["gsa"]),
    app("Facebook app", &["fban", "fbav", "fb_iab"]),
    app("LinkedIn app", &["linkedinapp"]),
    app("Instagram app", &["instagram"]),
    app("Notion", &["notion"]),
    app("Figma", &["figma"]),
    app("Postman", &["postman"]),
    // Services that act on somebody's behalf.
    program("Zapier", &["zapier"]),
    program("Make", &["make", "integromat"]),
    program("n8n", &["n8n"]),
    program("Workato", &["workato"]),
    program("Tray.io", &["tray.io", "trayio"]),
    program("IFTTT", &["ifttt", "ifttt-protocol"]),
    program("Pipedream", &["pipedream"]),
    program("Unito", &["unito"]),
    program("Power Automate", &["microsoft-flow"]),
    program("Azure Logic Apps", &["azure-logic-apps", "logicapps"]),
    program("Power Apps", &["powerapps"]),
    program("Power BI", &["powerbi", "microsoft.data.mashup"]),
    program("Google Apps Script", &["google-apps-script"]),
    program(
        "Google Cloud",
        &[
            "google-http-java-client",
            "google-api-python-client",
            "googleapis",
            "google-cloud-sdk",
            "appengine-google",
        ],
    ),
    program("Salesforce", &["salesforce", "sfdc-callout"]),
    program("ServiceNow", &["servicenow"]),
    program("Jira", &["jira", "atlassian"]),
    program(
        "GitHub",
        &["github-hookshot", "github-actions", "github-camo"],
    ),
    program("Okta", &["okta"]),
    program("OneLogin", &["onelogin"]),
    program("JumpCloud", &["jumpcloud"]),
    program("Fivetran", &["fivetran"]),
    program("Airbyte", &["airbyte"]),
    program("Slack service", &["slack-imgproxy"]),
    // Libraries and tools.
    program("Postman", &["postmanruntime"]),
    program("Insomnia", &["insomnia"]),
    program("curl", &["curl", "libcurl", "php-curl-class"]),
    program("Wget", &["wget"]),
    program("HTTPie", &["httpie"]),
    program("python-requests", &["python-requests"]),
    program(
        "Python",
        &[
            "python-urllib",
            "python-urllib3",
            "python-httpx",
            "python",
            "aiohttp",
            "httpx",
            "scrapy",
        ],
    ),
    program(
        "node",
        &[
            "node-fetch",
            "node",
            "node.js",
            "undici",
            "node-superagent",
            "superagent",
            "got",
            "needle",
            "node-libcurl",
        ],
    ),
    program("axios", &["axios"]),
    program("Go", &["go-http-client", "go-resty", "go-asana"]),
    program(
        "Ruby",
        &[
            "ruby",
            "faraday",
            "rest-client",
            "httparty",
            "typhoeus",
            "http.rb",
        ],
    ),
    program(
        "PHP",
        &["guzzlehttp", "guzzle", "php", "symfony", "wordpress"],
    ),
    program(
        "Java",
        &[
            "apache-httpclient",
            "java",
            "jersey",
            "java-http-client",
            "apache-httpasyncclient",
            "reactornetty",
            "feign",
            "ahc",
            "ktor",
        ],
    ),
    program(".NET", &["restsharp", ".net", "dotnet", "flurl"]),
    program("PowerShell", &["powershell", "windowspowershell"]),
    program("Rust", &["reqwest", "hyper", "ureq"]),
    program("Perl", &["libwww-perl", "lwp", "mojolicious"]),
    program(
        "AWS",
        &["aws-sdk-go", "boto3", "botocore", "aws-cli", "amazon"],
    ),
    carrier("Electron", &["electron"]),
    // Browsers.
    browser("Edge", &["edg", "edga", "edgios", "edge"]),
    browser("Opera", &["opr", "opera", "opt", "opios", "oprgx"]),
    browser("Vivaldi", &["vivaldi"]),
    browser("Brave", &["brave"]),
    browser("Arc", &["arc"]),
    browser("Island", &["island"]),
    browser("Samsung Internet", &["samsungbrowser"]),
    browser("DuckDuckGo", &["ddg", "duckduckgo"]),
    browser("Yandex", &["yabrowser"]),
    browser("UC Browser", &["ucbrowser"]),
    browser("Silk", &["silk"]),
    browser("Whale", &["whale"]),
    browser("Huawei Browser", &["huaweibrowser"]),
    browser("MIUI Browser", &["miuibrowser"]),
    browser("Firefox Focus", &["focus", "klar"]),
    browser("Firefox", &["firefox", "fxios"]),
    browser("Internet Explorer", &["msie", "trident"]),
    browser("Chrome", &["chrome", "crios", "chromium"]),
    browser("Safari", &["safari"]),
    // What apps are made of.
    carrier("okhttp", &["okhttp"]),
    carrier("Alamofire", &["alamofire"]),
    carrier("CFNetwork", &["cfnetwork"]),
    carrier("Dart", &["dart"]),
    carrier("React Native", &["reactnative", "expo"]),
];
