// The console begins here.
document.getElementById("console").textContent = "Scorelane";
