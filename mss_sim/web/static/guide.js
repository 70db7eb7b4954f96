// The guide of a story, which is loaded anew after each step: the one that comes next is in sight.

document.querySelector(".step-failed, .step-current, li:last-child")?.scrollIntoView({ block: "center" });
